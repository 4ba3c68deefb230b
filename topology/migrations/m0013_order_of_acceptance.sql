-- The order of acceptance. Each of these columns keeps, by part, when the row was last changed by whoever may change it (by this database's clock), which
-- ingress had accepted that command, and when by its clock: {"unit_amount": {"at": 1795467845123456, "by": "…", "sent": 1795467845123}}. A command that
-- comes too late, after the ladder or a replay, is known by it and rejected. The times of the commands alone, which decided before, were those of several
-- clocks: `edited`, `stock_set_at`, `full_name_at`, `is_active_at` and `is_superuser_at` are no longer read.
alter table categories add column changed json;
alter table products add column changed json, add column stock_changed json;
alter table carts add column changed json;
alter table cart_items add column changed json;
alter table users add column changed json;
