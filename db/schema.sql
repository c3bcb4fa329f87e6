-- SPDX-License-Identifier: GPL-3.0-or-later
-- The whole schema as a new fsrvpd.db gets it. An older file gets there by migrations/: see
-- README.md before you change a line here.
--
-- Times (*_us) are microseconds since 1970-01-01 00:00 UTC. GUIDs are text: 36 characters, lower
-- case, without braces. Rows of what is deleted stay as history.

-- File servers that a shadow copy set was ever started on.
CREATE TABLE server (
    id   INTEGER PRIMARY KEY,
    host TEXT NOT NULL,    -- name or IP literal, lower case
    port INTEGER NOT NULL, -- TCP port of its SMB service
    UNIQUE (host, port)
) STRICT;

-- What fsrvpd was asked to do.
CREATE TABLE job (
    id            INTEGER PRIMARY KEY AUTOINCREMENT, -- the job's number, never used again
    operation     TEXT NOT NULL,                     -- 'create', 'delete', 'mount', 'unmount',
                                                     -- 'settle', 'restore', 'check',
                                                     -- 'reconcile'
    state         TEXT NOT NULL
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    owner_uid     INTEGER NOT NULL, -- user id of who asked
    subjects      TEXT NOT NULL,    -- JSON array of strings: sources, or snapshot numbers
    accepted_us   INTEGER NOT NULL, -- when it was accepted
    ended_us      INTEGER,          -- when it ended; NULL while it is open
    error_name    TEXT NOT NULL,    -- D-Bus name of its error; '' unless it failed
    error_message TEXT NOT NULL,    -- what went wrong, for people; '' unless it failed
    CHECK ((ended_us IS NULL) = (state IN ('queued', 'running')))
) STRICT;

-- Jobs to pick up again at start.
CREATE INDEX job_open ON job (id) WHERE state IN ('queued', 'running');

-- Shadow copy sets that a server has told us the id of (MS-FSRVP 3.1.1).
CREATE TABLE shadow_copy_set (
    id           INTEGER PRIMARY KEY,
    job          INTEGER NOT NULL REFERENCES job,
    server       INTEGER NOT NULL REFERENCES server,
    set_id       TEXT NOT NULL CHECK (length(set_id) = 36), -- the server's ShadowCopySetId
    context      TEXT NOT NULL                              -- the context it was made in
        CHECK (context IN ('backup', 'file-share-backup', 'nas-rollback', 'app-rollback')),
    writable     INTEGER NOT NULL CHECK (writable IN (0, 1)), -- 1: with ATTR_AUTO_RECOVERY
    state        TEXT NOT NULL
        CHECK (state IN ('started', 'committing', 'exposed', 'complete', 'settled')),
    completed_us INTEGER, -- when RecoveryComplete had answered; NULL before
    credential   TEXT NOT NULL DEFAULT '', -- as whom: '' as servers.d says, 'stored:NAME',
                                           -- 'file:PATH', 'keytab'; never a secret
    attempts     INTEGER NOT NULL DEFAULT 0, -- how often the server refused to settle it
    CHECK ((completed_us IS NULL) = (state <> 'complete'))
) STRICT;

-- Sets to finish or settle at start.
CREATE INDEX shadow_copy_set_unsettled ON shadow_copy_set (id)
    WHERE state NOT IN ('complete', 'settled');
-- Lets a job be erased without a scan for what refers to it; so below for job_step.
CREATE INDEX shadow_copy_set_job ON shadow_copy_set (job);

-- Shadow copies: the snapshots, those on the way to become one, and those that were one.
CREATE TABLE shadow_copy (
    id            INTEGER PRIMARY KEY AUTOINCREMENT, -- the snapshot's number, never used again
    set_row       INTEGER NOT NULL REFERENCES shadow_copy_set,
    snapshot_id   TEXT NOT NULL CHECK (length(snapshot_id) = 36), -- the server's ShadowCopyId
    source_server TEXT NOT NULL COLLATE NOCASE, -- the source's UNC, exactly as it was sent
    source_share  TEXT NOT NULL COLLATE NOCASE,
    exposed       TEXT NOT NULL, -- bare name of the exposed share; '' before the set is exposed
    created_us    INTEGER,       -- the server's CreationTimestamp; NULL before the set is exposed
    state         TEXT NOT NULL
        CHECK (state IN
            ('creating', 'exposed', 'deleting', 'deleted', 'failed', 'lost-on-server')),
    owner_uid     INTEGER NOT NULL, -- user id of the snapshot's owner
    description   TEXT NOT NULL,    -- the owner's own words
    labels        TEXT NOT NULL,    -- JSON object, strings to strings
    policy        TEXT,             -- name of the policy that made it; NULL: made by hand
    remains       TEXT NOT NULL DEFAULT '' -- of one that is lost-on-server: what is left and where
) STRICT;

-- One index for each way to list, in the order of numbers, so that no page has to step over rows
-- that are not asked for, or only inside the index: there is far more history than snapshots.
CREATE INDEX shadow_copy_present ON shadow_copy (id)
    WHERE state NOT IN ('deleted', 'failed');
CREATE INDEX shadow_copy_owner_present ON shadow_copy (owner_uid, id)
    WHERE state NOT IN ('deleted', 'failed');
CREATE INDEX shadow_copy_owner ON shadow_copy (owner_uid, id);
CREATE INDEX shadow_copy_source ON shadow_copy
    (source_share, source_server, id, state, owner_uid);
CREATE INDEX shadow_copy_deleting ON shadow_copy (id) WHERE state = 'deleting';
CREATE INDEX shadow_copy_snapshot_id ON shadow_copy (snapshot_id);
CREATE INDEX shadow_copy_set_row ON shadow_copy (set_row);

-- History: one row for each durable point, written in the transaction that it tells of.
CREATE TABLE job_step (
    id      INTEGER PRIMARY KEY,
    job     INTEGER NOT NULL REFERENCES job,
    set_row INTEGER REFERENCES shadow_copy_set, -- NULL: of the job itself
    copy    INTEGER REFERENCES shadow_copy,     -- NULL: of the job or the whole set
    name    TEXT NOT NULL,    -- of the job: 'accepted', 'running', 'ended'; else the new state of
                              -- the set or copy; of a copy also 'mount', 'unmount', 'unmounted'
    at_us   INTEGER NOT NULL  -- when
) STRICT;

CREATE INDEX job_step_job ON job_step (job);
CREATE INDEX job_step_set_row ON job_step (set_row) WHERE set_row IS NOT NULL;
CREATE INDEX job_step_copy ON job_step (copy) WHERE copy IS NOT NULL;

-- Where snapshots are to be mounted. A row is there from before the mount is made until after it
-- has gone; what it says is brought back after a reboot.
CREATE TABLE mount (
    id             INTEGER PRIMARY KEY,
    copy           INTEGER NOT NULL REFERENCES shadow_copy,
    path           TEXT NOT NULL UNIQUE, -- the mount point, absolute and canonical
    what           TEXT NOT NULL,        -- //server/exposed, and the directory in it
    options        TEXT NOT NULL,        -- for mount.cifs, without credentials
    made_directory INTEGER NOT NULL CHECK (made_directory IN (0, 1)), -- 1: goes with the mount
    unmounting     INTEGER NOT NULL CHECK (unmounting IN (0, 1)) -- 1: finish the unmount at start
) STRICT;

CREATE INDEX mount_copy ON mount (copy);
