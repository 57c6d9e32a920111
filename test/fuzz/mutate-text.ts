// Damages JSON and other text: tokens swapped for bad ones, parts doubled, nested, cut, and mixed with those of other texts.
import type { Random } from "./random.ts";

const TOKENS = [
  ..."{ } [ ] , : \" \\ / ( ) = -> @ # ' .. + - | * ~".split(" "),
  "0",
  "-0",
  "1e999",
  "-1e-999",
  "9223372036854775807",
  "9223372036854775808",
  "18446744073709551616",
  "0x",
  "0xffffffffffffffffffffffffffffffffffffffff",
  "1.5",
  "true",
  "null",
  '"__proto__"',
  '"constructor"',
  '"\\u0000"',
  '"\\ud800"',
  '["set",[]]',
  '["map",[[1,2],[1,2]]]',
  '["uuid","x"]',
  "\u0000",
  "é",
  "\ud83d\ude00",
  "drop",
  "NXM_NX_REG0[0..63]",
  "ct(commit",
  "actions=",
  "10.0.0.0/33",
  "::/129",
  "ff:ff:ff:ff:ff:ff/",
];

function tokensOf(text: string): string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|[A-Za-z_][\w]*|0x[0-9a-fA-F]+|\d+|\s+|./gs) ?? [];
}

const MAX_CHARACTERS = 200_000;

export function mutateText(random: Random, corpus: readonly string[]): string {
  let tokens = tokensOf(random.pick(corpus));
  for (let changes = 1 + (random.oneIn(2) ? 0 : random.below(5)); changes > 0 && tokens.length > 0; changes--) {
    const at = random.below(tokens.length);
    switch (random.below(8)) {
      case 0:
        tokens[at] = random.pick(TOKENS);
        break;
      case 1:
        tokens.splice(at, 1 + random.below(3));
        break;
      case 2:
        tokens.splice(at, 0, random.pick(TOKENS));
        break;
      case 3:
        tokens.splice(at, 0, ...tokens.slice(at, at + random.below(12)));
        break;
      case 4: {
        const other = tokensOf(random.pick(corpus));
        const from = random.below(other.length);
        tokens.splice(at, random.below(4), ...other.slice(from, from + 1 + random.below(12)));
        break;
      }
      case 5: {
        const depth = random.oneIn(20) ? 2_000 : random.below(12);
        const [open, close] = random.pick([
          ["[", "]"],
          ['{"a":', "}"],
          ["ct(exec(", "))"],
          ["(", ")"],
        ] as const);
        tokens[at] = open.repeat(depth) + (tokens[at] ?? "") + close.repeat(depth);
        break;
      }
      case 6: {
        const token = tokens[at] ?? "";
        const i = random.below(token.length);
        tokens[at] =
          token.slice(0, i) + String.fromCharCode(random.below(random.oneIn(4) ? 0x3000 : 0x7f)) + token.slice(i + 1);
        break;
      }
      default:
        if (random.oneIn(100)) tokens = Array.from({ length: 200 }, () => tokens.slice(0, 40)).flat();
        else tokens = tokens.slice(0, at);
    }
  }
  return tokens.join("").slice(0, MAX_CHARACTERS);
}
