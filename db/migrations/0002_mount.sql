CREATE TABLE mount (
    id             INTEGER PRIMARY KEY,
    copy           INTEGER NOT NULL REFERENCES shadow_copy,
    path           TEXT NOT NULL UNIQUE,
    what           TEXT NOT NULL,
    options        TEXT NOT NULL,
    made_directory INTEGER NOT NULL CHECK (made_directory IN (0, 1)),
    unmounting     INTEGER NOT NULL CHECK (unmounting IN (0, 1))
) STRICT;

CREATE INDEX mount_copy ON mount (copy);
