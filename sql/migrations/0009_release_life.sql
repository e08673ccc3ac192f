-- The life of a release: its history, the lowest version that may update to it, and what its files are.  View columns are only
-- appended; an older binary takes files of the new formats for what artifact.kind says they are.

SET LOCAL search_path = otad;

ALTER TABLE release ADD COLUMN minimum_version text CHECK (length(minimum_version) BETWEEN 1 AND 64),
                    ADD COLUMN minimum_version_key bytea CHECK (octet_length(minimum_version_key) BETWEEN 13 AND 64);
ALTER TABLE release ADD CHECK ((minimum_version IS NULL) = (minimum_version_key IS NULL) AND minimum_version_key < version_key);
COMMENT ON COLUMN release.minimum_version IS 'Lowest version that may update to it; NULL = any';
COMMENT ON COLUMN release.minimum_version_key IS 'The same as sortable bytes';

ALTER TABLE release_artifact
    ADD COLUMN format text CHECK (format IN ('esp', 'uf2', 'cortex-m', 'cyclonedx', 'spdx')),
    ADD COLUMN details jsonb CHECK (jsonb_typeof(details) = 'object' AND length(details::text) <= 16384);
ALTER TABLE release_artifact ADD CHECK ((format IS NULL) = (details IS NULL) AND (format IS NULL OR stored IS NOT NULL));
COMMENT ON COLUMN release_artifact.format IS 'What the file is, where artifact.kind says no more than file; NULL = just that';
COMMENT ON COLUMN release_artifact.details IS 'What was read from it, as the API shows it';

CREATE TABLE release_step (
    tenant_id  bigint      NOT NULL,
    step_id    bigint      GENERATED ALWAYS AS IDENTITY,
    release_id bigint      NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text        NOT NULL,
    step       text        NOT NULL CHECK (step IN ('created', 'complete', 'released', 'promoted', 'withdrawn', 'changed')),
    detail     text        NOT NULL CHECK (char_length(detail) <= 1000),
    PRIMARY KEY (tenant_id, step_id),
    FOREIGN KEY (tenant_id, release_id) REFERENCES release ON DELETE CASCADE
);
CREATE INDEX release_step_by_release ON release_step (tenant_id, release_id, step_id);
COMMENT ON TABLE release_step IS 'History of each release; append-only';
COMMENT ON COLUMN release_step.tenant_id IS 'The tenant';
COMMENT ON COLUMN release_step.step_id IS 'Number of the step';
COMMENT ON COLUMN release_step.release_id IS 'The release';
COMMENT ON COLUMN release_step.at IS 'When it was done';
COMMENT ON COLUMN release_step.actor IS 'Who did it';
COMMENT ON COLUMN release_step.step IS 'What was done';
COMMENT ON COLUMN release_step.detail IS 'Channel, reason, or what was changed; may be empty';
GRANT SELECT, INSERT ON release_step TO otad_app;

ALTER TABLE release NO FORCE ROW LEVEL SECURITY;
ALTER TABLE release_artifact NO FORCE ROW LEVEL SECURITY;
INSERT INTO release_step (tenant_id, release_id, at, actor, step, detail)
SELECT r.tenant_id, r.release_id, s.at, s.actor, s.step, s.detail
  FROM release r,
       LATERAL (SELECT r.created_at AS at, r.created_by AS actor, 'created' AS step, '' AS detail
                 UNION ALL
                SELECT (SELECT max(f.stored_at) FROM release_artifact f
                         WHERE f.tenant_id = r.tenant_id AND f.release_id = r.release_id), r.created_by, 'complete', ''
                 UNION ALL
                SELECT r.released_at, r.released_by, 'released', r.channel
                 UNION ALL
                SELECT r.withdrawn_at, r.withdrawn_by, 'withdrawn', r.withdrawn_reason) s
 WHERE s.at IS NOT NULL AND NOT (s.step = 'complete' AND r.state = 'draft')
   AND NOT (s.step = 'complete' AND EXISTS (SELECT FROM release_artifact f WHERE f.tenant_id = r.tenant_id
                                               AND f.release_id = r.release_id AND f.stored IS NULL))
 ORDER BY s.at, r.release_id;
ALTER TABLE release FORCE ROW LEVEL SECURITY;
ALTER TABLE release_artifact FORCE ROW LEVEL SECURITY;

-- Each step is a right of its own, even if otad forgets to ask.
SELECT guard('release_step',
             '(SELECT r.platform_id FROM release r WHERE r.tenant_id = release_step.tenant_id AND r.release_id = release_step.release_id)',
             see => '{release.read,release.upload,release.manage,release.promote,release.withdraw}',
             add => '{release.upload,release.manage,release.promote,release.withdraw}', change => '{}', remove => '{}');
CREATE POLICY steps ON release_step AS RESTRICTIVE FOR INSERT TO otad_app
    WITH CHECK (may_every(CASE step WHEN 'created' THEN '{release.upload}'::text[]
                                    WHEN 'complete' THEN '{release.upload}'
                                    WHEN 'promoted' THEN '{release.promote}'
                                    WHEN 'withdrawn' THEN '{release.withdraw}'
                                    ELSE '{release.manage}' END,
                          (SELECT r.platform_id FROM release r
                            WHERE r.tenant_id = release_step.tenant_id AND r.release_id = release_step.release_id)));

CREATE OR REPLACE VIEW release_row WITH (security_invoker = true) AS
SELECT r.tenant_id, r.release_id, r.platform_id, p.name AS platform, r.version, r.channel, r.state,
       r.security_counter, r.notes, r.created_by, unix_s(r.created_at) AS created_at_unix_s,
       unix_s(r.released_at) AS released_at_unix_s, r.withdrawn_reason, r.sums_signed_by, r.version_key,
       (SELECT count(*) FROM release_artifact f
         WHERE f.tenant_id = r.tenant_id AND f.release_id = r.release_id) AS expected_count,
       r.minimum_version
  FROM release r
  JOIN platform p USING (tenant_id, platform_id);
