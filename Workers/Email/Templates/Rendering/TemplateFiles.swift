/// The files in `Letters/`, by the names that templates use for each other.
enum TemplateFiles {
    static var all: [(name: String, text: [UInt8])] {
        [
            ("address.html", PackageResources.address_html_mustache),
            ("button.html", PackageResources.button_html_mustache),
            ("dispute.html", PackageResources.dispute_html_mustache),
            ("dispute.txt", PackageResources.dispute_txt_mustache),
            ("facts.html", PackageResources.facts_html_mustache),
            ("footer.txt", PackageResources.footer_txt_mustache),
            ("items.html", PackageResources.items_html_mustache),
            ("items.txt", PackageResources.items_txt_mustache),
            ("layout.html", PackageResources.layout_html_mustache),
            ("order_cancelled.html", PackageResources.order_cancelled_html_mustache),
            ("order_cancelled.txt", PackageResources.order_cancelled_txt_mustache),
            ("order_confirmation.html", PackageResources.order_confirmation_html_mustache),
            ("order_confirmation.txt", PackageResources.order_confirmation_txt_mustache),
            ("order_expired.html", PackageResources.order_expired_html_mustache),
            ("order_expired.txt", PackageResources.order_expired_txt_mustache),
            ("order_shipped.html", PackageResources.order_shipped_html_mustache),
            ("order_shipped.sms", PackageResources.order_shipped_sms_mustache),
            ("order_shipped.txt", PackageResources.order_shipped_txt_mustache),
            ("paragraph.html", PackageResources.paragraph_html_mustache),
            ("password_changed.html", PackageResources.password_changed_html_mustache),
            ("password_changed.txt", PackageResources.password_changed_txt_mustache),
            ("password_reset.html", PackageResources.password_reset_html_mustache),
            ("password_reset.txt", PackageResources.password_reset_txt_mustache),
            ("payment_failed.html", PackageResources.payment_failed_html_mustache),
            ("payment_failed.txt", PackageResources.payment_failed_txt_mustache),
            ("refunded.html", PackageResources.refunded_html_mustache),
            ("refunded.txt", PackageResources.refunded_txt_mustache),
            ("stock_low.html", PackageResources.stock_low_html_mustache),
            ("stock_low.txt", PackageResources.stock_low_txt_mustache),
            ("welcome.html", PackageResources.welcome_html_mustache),
            ("welcome.txt", PackageResources.welcome_txt_mustache),
        ]
    }
}
