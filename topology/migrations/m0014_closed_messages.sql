-- Whoever edits or discards a dead letter closes its message: a row of the inbox with attempt 0, which no worker writes.
grant insert on inbox to conveyor_recorder;
