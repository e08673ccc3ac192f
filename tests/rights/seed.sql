-- Organisation 2, the twin of 1, and what both need for tests/rights/matrix.py beyond what was made through otad.
-- Texts that people see say T1 or T2, so that what crosses over shows.
SET search_path = otad;
INSERT INTO tenant (tenant_id, name) VALUES (2, 'second');
INSERT INTO tenant_clock (tenant_id) VALUES (2);
UPDATE api_key SET tenant_id = 2 WHERE name = 'oth';

-- releases of 1: 9.0.0 is still to be made, 9.1.0 waits for its file, and there is one for each step of a life
UPDATE platform SET title = 'T1';
UPDATE role SET title = 'T1';
DELETE FROM release WHERE version = '9.0.0';
UPDATE release SET state = 'draft', channel = NULL, released_at = NULL, released_by = NULL, notes = 'T1' WHERE version = '9.1.0';
UPDATE release_artifact SET stored = NULL, stored_at = NULL WHERE release_id IN (SELECT release_id FROM release WHERE version = '9.1.0');
UPDATE release SET notes = 'T1';
INSERT INTO release (tenant_id, platform_id, version, version_key, security_counter, state, channel, notes, sums, minisig,
                     sums_signed_by, created_by, released_at, released_by)
SELECT r.tenant_id, r.platform_id, v.version,
       int4send(split_part(v.version, '.', 1)::int) || int4send(split_part(v.version, '.', 2)::int) || int4send(0) || '\xff',
       r.security_counter, v.state, v.channel, 'T1', r.sums, r.minisig, r.sums_signed_by, 'seed',
       CASE WHEN v.channel IS NOT NULL THEN now() END, CASE WHEN v.channel IS NOT NULL THEN 'seed' END
  FROM release r, (VALUES ('1.2.0', 'complete', NULL), ('1.3.0', 'complete', NULL), ('1.5.0', 'released', 'beta'),
                          ('2.0.0', 'complete', NULL)) AS v(version, state, channel)
 WHERE r.version = '1.0.0';

-- the twin: platforms, keys, releases, files
INSERT INTO platform (tenant_id, name, title, follow_channel, hardware_class)
SELECT 2, name, 'T2', follow_channel, hardware_class FROM platform WHERE tenant_id = 1;
INSERT INTO platform_alias (tenant_id, name, platform_id) SELECT 2, name, platform_id FROM platform WHERE tenant_id = 2;
INSERT INTO platform_root (tenant_id, platform_id, root_index, algorithm, public_key)
SELECT 2, b.platform_id, r.root_index, r.algorithm, r.public_key
  FROM platform_root r JOIN platform a USING (tenant_id, platform_id) JOIN platform b ON b.tenant_id = 2 AND b.name = a.name
 WHERE r.tenant_id = 1;
INSERT INTO key_manifest (tenant_id, platform_id, sequence, manifest, imported_by)
SELECT 2, b.platform_id, k.sequence, k.manifest, 'seed'
  FROM key_manifest k JOIN platform a USING (tenant_id, platform_id) JOIN platform b ON b.tenant_id = 2 AND b.name = a.name
 WHERE k.tenant_id = 1;
INSERT INTO release (tenant_id, platform_id, version, version_key, security_counter, state, channel, notes, sums, minisig,
                     sums_signed_by, created_by, released_at, released_by)
SELECT 2, b.platform_id, version, version_key, security_counter, state, channel, 'T2', sums, minisig, sums_signed_by, 'seed',
       released_at, released_by
  FROM release r JOIN platform a USING (tenant_id, platform_id) JOIN platform b ON b.tenant_id = 2 AND b.name = a.name
 WHERE r.tenant_id = 1;
INSERT INTO artifact (tenant_id, sha256, size_bytes, sha1, md5, kind)
SELECT 2, sha256, size_bytes, sha1, md5, kind FROM artifact WHERE tenant_id = 1;
INSERT INTO release_artifact (tenant_id, release_id, name, sha256, stored, stored_at)
SELECT 2, s.release_id, f.name, f.sha256, f.stored, f.stored_at
  FROM release_artifact f JOIN release r USING (tenant_id, release_id) JOIN platform a USING (tenant_id, platform_id)
  JOIN platform b ON b.tenant_id = 2 AND b.name = a.name
  JOIN release s ON s.tenant_id = 2 AND s.platform_id = b.platform_id AND s.version = r.version
 WHERE f.tenant_id = 1;

-- both: devices, updates (one has succeeded, one is open), a link and a download
INSERT INTO device (tenant_id, device_id, name, platform_id, platform_chosen, channel, token_hash)
SELECT tenant_id, n || '-' || name, 'T' || tenant_id, platform_id, true, 'stable', sha256((n || tenant_id)::bytea)
  FROM platform, unnest('{dev,del,asg,can}'::text[]) n;
INSERT INTO device_seen (tenant_id, device_no) SELECT tenant_id, device_no FROM device;
INSERT INTO device_update (tenant_id, device_no, release_id, created_by)
SELECT d.tenant_id, d.device_no, r.release_id, 'T' || d.tenant_id
  FROM device d JOIN release r USING (tenant_id, platform_id)
 WHERE r.version = '1.0.0' AND (d.device_id LIKE 'dev-%' OR d.device_id LIKE 'can-%');
UPDATE device d SET last_update_id = u.update_id FROM device_update u WHERE u.tenant_id = d.tenant_id AND u.device_no = d.device_no;
-- closing counts them, in the organisation that is stated
SET otad.tenant = '2';
UPDATE device_update u SET state = 'succeeded', progress_percent = 100, started_at = created_at, closed_at = now(), updated_at = now()
  FROM device d WHERE u.tenant_id = 2 AND d.tenant_id = 2 AND d.device_no = u.device_no AND d.device_id LIKE 'dev-%';
SET otad.tenant = '1';
UPDATE device_update u SET state = 'succeeded', progress_percent = 100, started_at = created_at, closed_at = now(), updated_at = now()
  FROM device d WHERE u.tenant_id = 1 AND d.tenant_id = 1 AND d.device_no = u.device_no AND d.device_id LIKE 'dev-%';
INSERT INTO download_link (tenant_id, platform_id, release_id, artifact, sha256, account_id, api_key_id, created_by, expires_at,
                           byte_budget)
SELECT r.tenant_id, r.platform_id, r.release_id, f.name, f.sha256,
       (SELECT account_id FROM account a WHERE a.tenant_id = r.tenant_id AND a.name = 'admin'),
       (SELECT api_key_id FROM api_key k WHERE k.tenant_id = r.tenant_id AND k.name = 'oth'), 'seed', now() + interval '1 day', 1000
  FROM release r JOIN release_artifact f USING (tenant_id, release_id)
 WHERE r.version = '1.0.0';
INSERT INTO download (tenant_id, platform_id, at, via, who, platform, version, artifact, address, bytes, status, duration_ms)
SELECT tenant_id, platform_id, now(), 'link', 'T' || tenant_id, name, '1.0.0', 'f', '127.0.0.1', 1, 200, 1 FROM platform;

-- people, keys and roles of 2; a sign-in of the victim
INSERT INTO role (tenant_id, name, title, created_by) SELECT 2, name, 'T2', 'seed' FROM role WHERE tenant_id = 1;
WITH a AS (
    INSERT INTO account (tenant_id, name, password_hash) SELECT 2, name, password_hash FROM account WHERE tenant_id = 1
    RETURNING tenant_id, account_id, name)
INSERT INTO account_role (tenant_id, account_id, role)
SELECT tenant_id, account_id, CASE name WHEN 'admin' THEN 'admin' ELSE 'viewer' END FROM a;
INSERT INTO api_key (tenant_id, api_key_id, name, key_hash, scopes, all_platforms, created_by)
VALUES (2, nextval('api_key_id_seq'), 'victim', sha256('T2'), '{release.read}', true, 'seed');
INSERT INTO gateway_token (tenant_id, name, token_hash, created_by) VALUES (2, 'victim', sha256('T2'), 'seed');
DELETE FROM session s USING account a WHERE a.tenant_id = s.tenant_id AND a.account_id = s.account_id AND a.name = 'victim';
INSERT INTO session (tenant_id, session_hash, account_id, csrf_token, expires_at)
SELECT tenant_id, sha256('victim'), account_id, 'x', now() + interval '1 day' FROM account WHERE name = 'victim';

-- both: a file that waits for signatures
INSERT INTO tuf_pending (tenant_id, platform_id, role, signed_hash, version, body, expires_at, submitted_by)
SELECT tenant_id, platform_id, 'targets', sha256('waits'), 1, convert_to('{"signatures":[],"signed":{"T' || tenant_id || '":1}}', 'UTF8'), now() + '1 day', 'seed' FROM platform;
