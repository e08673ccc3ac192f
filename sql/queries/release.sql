-- name: release_get
-- $1 release_id
SELECT r.*, w.sums, w.minisig,
       (SELECT count(*) FROM device d
         WHERE d.platform_id = r.platform_id AND d.version = r.version AND may_every('{device.read}', r.platform_id))
  FROM release_row r
  JOIN release w USING (tenant_id, release_id)
 WHERE r.release_id = $1;

-- name: release_find
-- $1 platform name or alias, $2 version
SELECT r.release_id
  FROM platform_alias a
  JOIN release r USING (tenant_id, platform_id)
 WHERE a.name = $1 AND r.version = $2;

-- name: release_list
-- $1 after, 0 = from the start; $2 limit
SELECT r.*, NULL, NULL,
       (SELECT count(*) FROM device d
         WHERE d.platform_id = r.platform_id AND d.version = r.version AND may_every('{device.read}', r.platform_id))
  FROM release_row r
 WHERE $1::bigint = 0 OR r.release_id < $1
 ORDER BY r.release_id DESC
 LIMIT $2;

-- name: release_list_platform
-- $1 after, 0 = from the start; $2 limit; $3 platform_id
SELECT r.*, NULL, NULL,
       (SELECT count(*) FROM device d
         WHERE d.platform_id = r.platform_id AND d.version = r.version AND may_every('{device.read}', r.platform_id))
  FROM release_row r
 WHERE ($1::bigint = 0 OR r.release_id < $1) AND r.platform_id = $3
 ORDER BY r.release_id DESC
 LIMIT $2;

-- name: release_artifacts
-- $1 release_id
SELECT f.name, a.size_bytes, a.sha256, a.sha1, a.md5, coalesce(f.format, a.kind), a.image_version, a.security_counter,
       a.hardware_class, a.key_hash, f.details ->> 'chip', f.details::text
  FROM release_artifact f
  JOIN artifact a ON a.tenant_id = f.tenant_id AND a.sha256 = f.stored
 WHERE f.release_id = $1
 ORDER BY f.name;

-- name: release_same
-- $1 platform_id, $2 version, $3 sums, $4 minisig
SELECT release_id, sums = $3 AND minisig = $4
  FROM release
 WHERE platform_id = $1 AND version = $2;

-- name: release_below_floor
-- $1 platform_id, $2 version_key, $3 security_counter, $4 whether beta counts beside stable, $5 release_id that does not
-- Are version and counter below those of the newest?
SELECT coalesce(bool_or(version_key > $2::bytea), false), coalesce(bool_or(security_counter > $3), false)
  FROM release
 WHERE platform_id = $1 AND state = 'released' AND (channel = 'stable' OR $4) AND release_id <> $5;

-- name: release_create
-- $1 platform_id, $2 version, $3 version_key, $4 security_counter, $5 notes, $6 sums, $7 minisig, $8 sums_signed_by,
-- $9 created_by
INSERT INTO release (tenant_id, platform_id, version, version_key, security_counter, notes, sums, minisig,
                     sums_signed_by, created_by)
VALUES (current_tenant(), $1, $2, $3::bytea, $4, $5, $6, $7, $8, $9)
RETURNING release_id;

-- name: release_files_put
-- $1 release_id, $2 names, $3 digests
INSERT INTO release_artifact (tenant_id, release_id, name, sha256)
SELECT current_tenant(), $1::bigint, f.name, f.sha256
  FROM unnest($2::text[], $3::bytea[]) AS f(name, sha256);

-- name: release_lock
-- $1 platform name or alias, $2 version
SELECT r.release_id, r.platform_id, r.state, r.channel, r.version_key, r.security_counter, r.notes, r.minimum_version
  FROM platform_alias a
  JOIN release r USING (tenant_id, platform_id)
 WHERE a.name = $1 AND r.version = $2
   FOR UPDATE OF r;

-- name: release_file_check
-- $1 release_id, $2 name, $3 sha256
SELECT sha256 = $3::bytea FROM release_artifact WHERE release_id = $1 AND name = $2;

-- name: artifact_put
-- $1 sha256, $2 size_bytes, $3 sha1, $4 md5, $5 kind, $6 image_version, $7 security_counter, $8 hardware_class,
-- $9 key_hash.  What it says follows from the digest, so the first one stays.
INSERT INTO artifact (tenant_id, sha256, size_bytes, sha1, md5, kind, image_version, security_counter,
                      hardware_class, key_hash)
VALUES (current_tenant(), $1::bytea, $2, $3::bytea, $4::bytea, $5, $6, $7::bigint, $8::bytea, $9::bytea)
ON CONFLICT DO NOTHING;

-- name: release_file_stored
-- $1 release_id, $2 name, $3 format, $4 details
UPDATE release_artifact SET stored = sha256, stored_at = now(), format = $3, details = $4::jsonb
 WHERE release_id = $1 AND name = $2 AND stored IS NULL;

-- name: release_complete
-- $1 release_id
UPDATE release SET state = 'complete'
 WHERE release_id = $1 AND state = 'draft'
   AND NOT EXISTS (SELECT FROM release_artifact f WHERE f.release_id = $1 AND f.stored IS NULL);

-- name: release_release
-- $1 release_id, $2 channel, $3 released_by
UPDATE release SET state = 'released', channel = $2, released_at = clock_timestamp(), released_by = $3
 WHERE release_id = $1;

-- name: release_change
-- $1 release_id, $2 notes, NULL = as they are; $3 whether the minimum changes, $4 minimum_version, $5 minimum_version_key
UPDATE release SET notes = coalesce($2, notes),
                   minimum_version = CASE WHEN $3 THEN $4 ELSE minimum_version END,
                   minimum_version_key = CASE WHEN $3 THEN $5::bytea ELSE minimum_version_key END
 WHERE release_id = $1;

-- name: release_step_put
-- $1 release_id, $2 actor, $3 step, $4 detail
INSERT INTO release_step (tenant_id, release_id, actor, step, detail)
VALUES (current_tenant(), $1, $2, $3, $4);

-- name: release_steps
-- $1 release_id.  What lies furthest back goes first when there are more than anybody reads.
SELECT * FROM (SELECT unix_s(at), actor, step, detail, step_id FROM release_step
                WHERE release_id = $1 ORDER BY step_id DESC LIMIT 200) s
 ORDER BY step_id;

-- name: release_withdraw
-- $1 release_id, $2 reason, $3 withdrawn_by
UPDATE release SET state = 'withdrawn', withdrawn_at = clock_timestamp(), withdrawn_reason = $2, withdrawn_by = $3
 WHERE release_id = $1;

-- name: release_for_update
-- $1 platform_id, $2 version.  It cannot be withdrawn before the transaction that asked has ended.
SELECT release_id, state, channel, version_key, security_counter, minimum_version_key, listed(platform_id, release_id),
       beta_alone(platform_id, release_id)
  FROM release
 WHERE platform_id = $1 AND version = $2
   FOR SHARE;

-- name: release_released
-- $1 platform_id
SELECT release_id, state, channel, version_key, security_counter, minimum_version_key, listed(platform_id, release_id),
       beta_alone(platform_id, release_id)
  FROM release
 WHERE platform_id = $1 AND state = 'released'
   FOR SHARE;
