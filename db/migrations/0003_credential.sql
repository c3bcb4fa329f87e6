ALTER TABLE shadow_copy_set ADD COLUMN credential TEXT NOT NULL DEFAULT '';
