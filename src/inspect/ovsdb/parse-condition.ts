// Conditions as one writes them on a command line: `name==br0`, `tag>=100`, `external_ids includes k=v`.
import { WeftError } from "../../../proto/bytes/errors.ts";
import {
  type AtomicType,
  type AtomValue,
  type Condition,
  type ConditionFunction,
  isUuid,
  type OvsValue,
  ovsMap,
  ovsSet,
  type TableSchema,
  uuidRef,
} from "../../../proto/ovsdb/index.ts";

const CONDITION = /^\s*([A-Za-z_]\w*)\s*(==|!=|<=|>=|<|>|\s(?:includes|excludes)\s)(.*)$/s;

function invalid(text: string, why: string): WeftError {
  return new WeftError("ovsdb/condition", `"${text}" is not a condition: ${why}`, { context: { text } });
}

function atom(type: AtomicType, text: string, whole: string): AtomValue {
  switch (type) {
    case "string":
      return /^".*"$/s.test(text) ? String(JSON.parse(text)) : text;
    case "integer":
      if (!/^-?\d{1,19}$/.test(text)) throw invalid(whole, `"${text}" is not an integer`);
      return BigInt(text);
    case "real": {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) throw invalid(whole, `"${text}" is not a number`);
      return value;
    }
    case "boolean":
      if (text !== "true" && text !== "false") throw invalid(whole, `"${text}" is neither true nor false`);
      return text === "true";
    case "uuid":
      if (!isUuid(text)) throw invalid(whole, `"${text}" is not a UUID`);
      return uuidRef(text);
  }
}

/** Commas outside of quotes part a list; brackets around it are welcome. */
function listOf(text: string): readonly string[] {
  const inner = text.trim().replace(/^[[{](.*)[\]}]$/s, "$1");
  return (inner.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []).map((part) => part.trim());
}

export function isCondition(text: string): boolean {
  return CONDITION.test(text);
}

/** @throws WeftError `ovsdb/condition` with the text and the remedy */
export function parseCondition(table: TableSchema, text: string): Condition {
  const [, name = "", operator = "", value = ""] = CONDITION.exec(text) ?? [];
  const column = table.columns.get(name);
  if (column === undefined) throw invalid(text, `table ${table.name} has no column "${name}"`);
  const { key, value: mapValue, max } = column.type;
  let wanted: OvsValue;
  if (mapValue !== null) {
    const entries = listOf(value).map((pair) => {
      const at = pair.indexOf("=");
      if (at < 0) throw invalid(text, `a map is written key=value,key=value`);
      return [atom(key.type, pair.slice(0, at), text), atom(mapValue.type, pair.slice(at + 1), text)] as const;
    });
    wanted = ovsMap(entries);
  } else if (max === 1 && value.trim() !== "[]") wanted = atom(key.type, value.trim(), text);
  else wanted = ovsSet(listOf(value).map((part) => atom(key.type, part, text)));
  return [name, operator.trim() as ConditionFunction, wanted];
}
