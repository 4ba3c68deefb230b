-- A text as it is searched: letters without their marks, ß and its like as two letters, punctuation parts words, and so does each character of scripts
-- that put no blanks between words (Chinese and Japanese; Korean, whose words grow together): a run of these is found by any part of it.
create or replace function searchable(text) returns text immutable strict parallel safe language sql
    return regexp_replace(
        translate(
            replace(replace(replace(replace(replace(replace(
                normalize(regexp_replace(normalize($1, NFKD), '[\u0300-\u036F]', '', 'g'), NFC),
                'ß', 'ss'), 'ẞ', 'ss'), 'æ', 'ae'), 'Æ', 'ae'), 'œ', 'oe'), 'Œ', 'oe'),
            'øØłŁđĐħĦı!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', 'oollddhhi' || repeat(' ', 32)),
        '([\u3005-\u3007\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\U00020000-\U0003134F])', ' \1 ', 'g');

-- The column is made anew, as what makes it has changed; so is what hangs on it.
drop trigger products_words_of_changed on products;
drop trigger products_words_of_new on products;
alter table products drop column words;
alter table products add column words tsvector not null generated always as (
    setweight(to_tsvector('simple', searchable(sku || ' ' || name)), 'A') || setweight(to_tsvector('simple', searchable(description)), 'D')
) stored;
create index products_words_idx on products using gin (words);
create trigger products_words_of_new after insert on products referencing new table as inserted for each statement execute function add_product_words();
create trigger products_words_of_changed after update of sku, name, description on products
    for each row when (old.words is distinct from new.words) execute function add_product_words();

-- The letters of a word in their order: two words that differ by swapped letters alone have the same.
create function sorted_letters(text) returns text immutable strict parallel safe language sql
    return (select string_agg(letter, '' order by letter collate "C") from unnest(string_to_array($1, null)) letters(letter));
alter table product_words add column letters text collate "C" generated always as (sorted_letters(word)) stored;
create index product_words_letters_idx on product_words (letters);
insert into product_words (word) select distinct unnest(tsvector_to_array(words)) from products on conflict do nothing;
