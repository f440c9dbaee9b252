// JSON that an upstream or its model has written. What is nested deeper than any answer is not read: parsed it would be fine,
// but whatever writes it again would overflow the stack.

import { readJson } from '#core/readers.ts'

/** Of an answer's own shape and of a tool's input; writing overflows at some thousands. */
const depthMax = 500
/** A shorter text cannot be nested deep enough to do harm, and nearly every frame is shorter: it is not looked through. */
const harmlessCharacters = 2_000

const quote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Undefined where the text is not JSON, or is deeper than any answer. */
export function readUpstreamJson(text: string): unknown {
  return text.length > harmlessCharacters && isDeep(text) ? undefined : readJson(text)
}

function isDeep(text: string): boolean {
  let depth = 0
  let isText = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) isText = !isText
    else if (isText) at += code === backslash ? 1 : 0
    else if (code === openBracket || code === openBrace) depth += 1
    else if (code === closeBracket || code === closeBrace) depth -= 1
    if (depth > depthMax) return true
  }
  return false
}
