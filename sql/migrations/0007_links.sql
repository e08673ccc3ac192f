-- Download links and the download log.  An older binary knows nothing of them.

SET LOCAL search_path = otad;

CREATE TABLE download_link (
    tenant_id   bigint      NOT NULL,
    link_id     bigint      GENERATED ALWAYS AS IDENTITY,
    platform_id bigint      NOT NULL,
    release_id  bigint      NOT NULL,
    artifact    text        NOT NULL CHECK (char_length(artifact) BETWEEN 1 AND 255),
    sha256      bytea       NOT NULL CHECK (octet_length(sha256) = 32),
    account_id  bigint,
    api_key_id  bigint,
    created_by  text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    byte_budget bigint      NOT NULL CHECK (byte_budget > 0),
    bytes_used  bigint      NOT NULL DEFAULT 0 CHECK (bytes_used >= 0),
    uses        bigint      NOT NULL DEFAULT 0 CHECK (uses >= 0),
    used_at     timestamptz,
    PRIMARY KEY (tenant_id, link_id),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform,
    FOREIGN KEY (tenant_id, release_id) REFERENCES release,
    FOREIGN KEY (tenant_id, account_id) REFERENCES account ON DELETE SET NULL (account_id),
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key (tenant_id, api_key_id),
    CHECK (expires_at > created_at)
);
CREATE INDEX download_link_by_platform ON download_link (tenant_id, platform_id);
CREATE INDEX download_link_by_release ON download_link (tenant_id, release_id);
CREATE INDEX download_link_by_account ON download_link (tenant_id, account_id);
CREATE INDEX download_link_by_api_key ON download_link (tenant_id, api_key_id);
CREATE INDEX download_link_by_expiry ON download_link (expires_at);
CREATE INDEX download_link_by_use ON download_link (used_at);
COMMENT ON TABLE download_link IS 'Expiring links to one file (SPEC 8.14); their tokens are nowhere, only a key can make and check them';
COMMENT ON COLUMN download_link.tenant_id IS 'The tenant';
COMMENT ON COLUMN download_link.link_id IS 'Number of the link, part of its token';
COMMENT ON COLUMN download_link.platform_id IS 'Of the release';
COMMENT ON COLUMN download_link.release_id IS 'Whose file it leads to';
COMMENT ON COLUMN download_link.artifact IS 'Name of the file';
COMMENT ON COLUMN download_link.sha256 IS 'Its digest, to which the link is bound';
COMMENT ON COLUMN download_link.account_id IS 'The person who made it; NULL = a key did, or the account is gone';
COMMENT ON COLUMN download_link.api_key_id IS 'The key that made it; NULL = a person did';
COMMENT ON COLUMN download_link.created_by IS 'Who made it, by name';
COMMENT ON COLUMN download_link.created_at IS 'When it was made';
COMMENT ON COLUMN download_link.expires_at IS 'Until when it counts';
COMMENT ON COLUMN download_link.revoked_at IS 'Since when it counts no more; NULL = not revoked';
COMMENT ON COLUMN download_link.byte_budget IS 'Bytes that may be fetched by it in all';
COMMENT ON COLUMN download_link.bytes_used IS 'Bytes fetched or just being sent, written behind';
COMMENT ON COLUMN download_link.uses IS 'Downloads begun, written behind';
COMMENT ON COLUMN download_link.used_at IS 'When bytes_used was last written; NULL = never';
GRANT SELECT, INSERT ON download_link TO otad_app;
GRANT UPDATE (revoked_at) ON download_link TO otad_app;
GRANT SELECT, DELETE ON download_link TO otad_jobs;
GRANT UPDATE (bytes_used, uses, used_at) ON download_link TO otad_jobs;

CREATE TABLE download (
    tenant_id   bigint      NOT NULL,
    download_id bigint      GENERATED ALWAYS AS IDENTITY,
    platform_id bigint      NOT NULL,
    at          timestamptz NOT NULL,
    via         text        NOT NULL CHECK (via IN ('link', 'session', 'key', 'plain', 'esp', 'github')),
    who         text        NOT NULL CHECK (char_length(who) <= 80),
    link_id     bigint,
    platform    text        NOT NULL CHECK (char_length(platform) <= 64),
    version     text        NOT NULL CHECK (char_length(version) <= 64),
    artifact    text        NOT NULL CHECK (char_length(artifact) <= 255),
    address     text        NOT NULL CHECK (char_length(address) <= 64),
    bytes       bigint      NOT NULL CHECK (bytes >= 0),
    status      smallint    NOT NULL CHECK (status BETWEEN 100 AND 599),
    duration_ms bigint      NOT NULL CHECK (duration_ms >= 0),
    PRIMARY KEY (tenant_id, download_id),
    FOREIGN KEY (tenant_id, platform_id) REFERENCES platform
);
CREATE INDEX download_by_platform ON download (tenant_id, platform_id);
CREATE INDEX download_by_time ON download (at);
COMMENT ON TABLE download IS 'Download log (SPEC 8.14): written behind, pruned by age, never changed';
COMMENT ON COLUMN download.tenant_id IS 'The tenant';
COMMENT ON COLUMN download.download_id IS 'Number of the entry';
COMMENT ON COLUMN download.platform_id IS 'Of the release';
COMMENT ON COLUMN download.at IS 'When it began';
COMMENT ON COLUMN download.via IS 'By which door';
COMMENT ON COLUMN download.who IS 'Name of the person or of the key ("key:ci"); of a link its maker';
COMMENT ON COLUMN download.link_id IS 'The link; NULL = no link';
COMMENT ON COLUMN download.platform IS 'Name of the platform';
COMMENT ON COLUMN download.version IS 'Version of the release';
COMMENT ON COLUMN download.artifact IS 'Name of the file';
COMMENT ON COLUMN download.address IS 'Where it went';
COMMENT ON COLUMN download.bytes IS 'Bytes sent';
COMMENT ON COLUMN download.status IS 'HTTP status of the answer';
COMMENT ON COLUMN download.duration_ms IS 'How long it took, in milliseconds';
GRANT SELECT ON download TO otad_app;
GRANT SELECT, INSERT, DELETE ON download TO otad_jobs;

CREATE VIEW link_row WITH (security_invoker = true) AS
SELECT l.tenant_id, l.link_id, p.name AS platform, r.version, l.artifact, l.created_by, unix_s(l.created_at) AS created_at_unix_s,
       unix_s(l.expires_at) AS expires_at_unix_s, unix_s(l.revoked_at) AS revoked_at_unix_s, l.byte_budget, l.bytes_used, l.uses,
       CASE WHEN l.revoked_at IS NOT NULL THEN 'revoked'
            WHEN l.expires_at <= now() THEN 'expired'
            WHEN l.bytes_used >= l.byte_budget THEN 'used-up'
            ELSE 'active'
       END AS state, l.platform_id
  FROM download_link l
  JOIN platform p USING (tenant_id, platform_id)
  JOIN release r USING (tenant_id, release_id);
COMMENT ON VIEW link_row IS 'struct link, in its reader''s order (otad/db/link.c)';
GRANT SELECT ON link_row TO otad_app;

SELECT guard('download_link', 'platform_id', see => '{link.create}', add => '{link.create}', change => '{link.create}', remove => '{}');
SELECT guard('download', 'platform_id', see => '{audit.read}', add => '{}', change => '{}', remove => '{}');
