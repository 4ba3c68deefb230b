-- Written by email-worker. One e-mail a (kind, subject); the subject is the id of what it is about.
create table emails (
    id bigint generated always as identity primary key,
    sent_at timestamptz not null default now(),
    kind text not null,
    subject text not null,
    recipient text not null,
    message_id text not null,
    constraint emails_kind_subject_key unique (kind, subject)
);
create index emails_recipient_idx on emails (lower(recipient));

grant insert, update on emails to conveyor_email;

-- The same for text messages.
create table text_messages (
    id bigint generated always as identity primary key,
    sent_at timestamptz not null default now(),
    kind text not null,
    subject text not null,
    recipient text not null,
    message_id text not null,                     -- the provider's
    constraint text_messages_kind_subject_key unique (kind, subject)
);

grant insert, update on text_messages to conveyor_email;
