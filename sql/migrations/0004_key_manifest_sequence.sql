-- Devices that poll are told of a newer key manifest from memory.

SET LOCAL search_path = otad;

CREATE OR REPLACE VIEW platform_row WITH (security_invoker = true) AS
SELECT p.tenant_id, p.platform_id, p.name, p.title,
       (SELECT string_agg(a.name, ' ' ORDER BY a.name) FROM platform_alias a
         WHERE a.tenant_id = p.tenant_id AND a.platform_id = p.platform_id AND a.name <> p.name) AS aliases,
       p.follow_channel, p.hardware_class,
       coalesce((SELECT max(k.sequence) FROM key_manifest k
                  WHERE k.tenant_id = p.tenant_id AND k.platform_id = p.platform_id), 0) AS key_manifest_sequence
  FROM platform p;

GRANT SELECT ON key_manifest TO otad_jobs;
