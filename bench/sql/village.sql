-- A village's first 50 households with their members and three latest visits. $1–$6 are the settings of wall 2,
-- $7 says whether the viewer meets families, $8 is the village.
WITH viewer AS (
  SELECT set_config('ruhu.viewer_id', $1, true), set_config('ruhu.region_from', $2, true),
         set_config('ruhu.region_to', $3, true), set_config('ruhu.region_spans', $4, true),
         set_config('ruhu.helper_id', $5, true), set_config('ruhu.organisation_id', $6, true)
)
SELECT convert_to('{"data":{"households":{"nodes":[' || (
  SELECT coalesce(string_agg(o, ','), '')
  FROM (
    SELECT '{"id":"' || h.id || '","code":' || to_json(h.code)
        || ',"address":' || coalesce(to_json(CASE WHEN $7::boolean THEN h.address END)::text, 'null')
        || ',"category":{"code":' || to_json(h.category)
        || '},"monitoringStatus":"' || h.monitoring_status
        || '","members":[' || people.o || '],"visits":{"nodes":[' || visits.o || ']}}' AS o
    FROM (
      SELECT id, code, region_code, address, category, monitoring_status
      FROM household
      WHERE region_code >= $8 AND region_code < $8 || ':' AND ended_on IS NULL
        AND (region_code >= $2 AND region_code < $3
               AND ($4 = '' OR region_code ^@ ANY (string_to_array($4, ',')))
             OR id = ANY (array(SELECT household_id FROM household_access
                                WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid))))
      ORDER BY region_code, code LIMIT 50
    ) AS h
    CROSS JOIN LATERAL (
      SELECT coalesce(string_agg(
          '{"id":"' || p.id
          || '","name":' || to_json(CASE WHEN $7 THEN p.name ELSE left(p.name, 1) || '**' END)
          || ',"isHead":' || CASE WHEN p.is_head THEN 'true' ELSE 'false' END
          || ',"relationToHead":{"code":' || to_json(p.relation_to_head)
          || '},"sex":{"code":' || to_json(p.sex)
          || '},"bornOn":' || coalesce('"' || CASE WHEN $7 THEN p.born_on END || '"', 'null')
          || '}', ',' ORDER BY p.is_head DESC, p.born_on, p.id), '') AS o
      FROM person p
      WHERE p.household_id = h.id
        AND (p.region_code >= $2 AND p.region_code < $3
               AND ($4 = '' OR p.region_code ^@ ANY (string_to_array($4, ',')))
             OR p.household_id = ANY (array(SELECT household_id FROM household_access
                                            WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid))))
    ) AS people
    CROSS JOIN LATERAL (
      SELECT coalesce(string_agg(
          '{"id":"' || v.id
          || '","occurredAt":"' || to_char(v.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || '+00:00'
          || '","contact":"' || v.contact
          || '","purpose":{"code":' || to_json(v.purpose)
          || '},"helper":' || coalesce('{"id":"' || helper.id || '","name":' || to_json(helper.name) || '}', 'null')
          || '}', ',' ORDER BY v.occurred_at DESC, v.id DESC), '') AS o
      FROM (
        SELECT id, occurred_at, contact, purpose, helper_id
        FROM visit
        WHERE household_id = h.id
          AND (region_code >= $2 AND region_code < $3
                 AND ($4 = '' OR region_code ^@ ANY (string_to_array($4, ',')))
               OR household_id = ANY (array(SELECT household_id FROM household_access
                                            WHERE party_id IN (nullif($5, '')::uuid, nullif($6, '')::uuid)))
               OR recorded_by_id = nullif($1, '')::uuid)
        ORDER BY occurred_at DESC, id DESC LIMIT 3
      ) AS v
      LEFT JOIN helper ON helper.id = v.helper_id AND $1 <> ''
    ) AS visits
    ORDER BY h.region_code, h.code
  ) AS rows
) || ']}}}', 'UTF8')
FROM viewer
