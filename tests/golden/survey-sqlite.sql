CREATE TABLE participants (
	participant_id VARCHAR(200) NOT NULL,
	token_sha256 VARCHAR(64) NOT NULL,
	session VARCHAR(200),
	batch INTEGER NOT NULL,
	seed BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	consented_at BIGINT,
	consent_version TEXT,
	said_demographics BOOLEAN NOT NULL,
	age INTEGER,
	gender VARCHAR(40),
	country VARCHAR(2),
	continent VARCHAR(40),
	strategy_similarity TEXT,
	strategy_identity TEXT,
	finished_at BIGINT,
	PRIMARY KEY (participant_id),
	UNIQUE (token_sha256)
);

CREATE INDEX ix_participants_batch ON participants (batch);

CREATE TABLE ratings (
	participant_id VARCHAR(200) NOT NULL,
	pair_id VARCHAR(200) NOT NULL,
	similarity FLOAT NOT NULL,
	identity BOOLEAN NOT NULL,
	response_time_ms INTEGER NOT NULL,
	position INTEGER NOT NULL,
	rated_at BIGINT NOT NULL,
	PRIMARY KEY (participant_id, pair_id),
	FOREIGN KEY(participant_id) REFERENCES participants (participant_id)
);

CREATE TABLE survey (
	id INTEGER NOT NULL,
	format INTEGER NOT NULL,
	study VARCHAR NOT NULL,
	study_hash VARCHAR(64) NOT NULL,
	PRIMARY KEY (id)
);

