-- A history of the first version, as it was written then.
PRAGMA application_id = 0x42574448;
PRAGMA user_version = 1;

CREATE TABLE runs (
	id INTEGER PRIMARY KEY,
	udid TEXT NOT NULL,
	started INTEGER NOT NULL,
	ended INTEGER,
	outcome TEXT NOT NULL,
	kind TEXT NOT NULL DEFAULT '',
	chain TEXT NOT NULL DEFAULT '',
	link TEXT NOT NULL DEFAULT '',
	phase TEXT NOT NULL DEFAULT '',
	bytes INTEGER, files INTEGER,
	preparing INTEGER NOT NULL DEFAULT 0,
	transferring INTEGER NOT NULL DEFAULT 0,
	finishing INTEGER NOT NULL DEFAULT 0,
	settling INTEGER NOT NULL DEFAULT 0,
	duration INTEGER NOT NULL DEFAULT 0,
	encrypted INTEGER,
	chain_files INTEGER, chain_bytes INTEGER,
	disk_full INTEGER NOT NULL DEFAULT 0,
	taught INTEGER NOT NULL DEFAULT 0,
	thinned INTEGER NOT NULL DEFAULT 0, -- points its curve was thinned to; 0: not yet
	UNIQUE (udid, started)
);
CREATE INDEX runs_started ON runs (started);

CREATE TABLE samples (
	run INTEGER NOT NULL,
	at INTEGER NOT NULL, -- seconds after the run began
	phase INTEGER NOT NULL,
	bytes INTEGER, files INTEGER,
	PRIMARY KEY (run, at)
) WITHOUT ROWID;

CREATE TABLE notices (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	udid TEXT NOT NULL,
	run TEXT NOT NULL DEFAULT '',
	event TEXT NOT NULL,
	code TEXT NOT NULL,
	severity INTEGER NOT NULL,
	title TEXT NOT NULL,
	text TEXT NOT NULL,
	channel TEXT NOT NULL,
	outcome TEXT NOT NULL,
	reason TEXT NOT NULL DEFAULT '',
	key TEXT NOT NULL,
	tries INTEGER NOT NULL DEFAULT 0,
	payload BLOB -- what to send again after a crash; NULL once finished
);
CREATE INDEX notices_at ON notices (at);
CREATE INDEX notices_key ON notices (key);
CREATE INDEX notices_pending ON notices (id) WHERE outcome = 'pending';

CREATE TABLE acks (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE mutes (
	udid TEXT NOT NULL,
	code TEXT NOT NULL,
	until INTEGER, -- NULL: for good
	PRIMARY KEY (udid, code)
) WITHOUT ROWID;

CREATE TABLE checks (
	id INTEGER PRIMARY KEY,
	udid TEXT NOT NULL,
	at INTEGER NOT NULL,
	result TEXT NOT NULL -- backup.CheckResult as JSON
);
CREATE INDEX checks_udid ON checks (udid, at);

CREATE TABLE snapshots (key TEXT PRIMARY KEY, value BLOB NOT NULL);

INSERT INTO runs (id, udid, started, ended, outcome, kind, bytes, files, preparing)
	VALUES (1, '00008110-001A2B3C4D5E801E', 1769851800000, 1769854200000, 'complete', 'first', 88123904, 1204, 60000);
INSERT INTO samples VALUES (1, 0, 1, NULL, NULL), (1, 35, 2, 88123904, 1204);
INSERT INTO notices (at, udid, event, code, severity, title, text, channel, outcome, key)
	VALUES (1769852800000, '00008110-001A2B3C4D5E801E', 'raised', 'stalled', 1, 'title', 'text', 'desktop', 'sent', 'k');
