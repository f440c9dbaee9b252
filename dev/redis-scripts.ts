// Redis' Lua scripts in a Lua virtual machine written in JavaScript. Upstash accepts a first line that stock Redis and
// Lua refuse (`#!lua flags=…`): it is cut off, and the script is still found under the SHA of its full text.

import { createHash } from 'node:crypto'
import { lauxlib, lua, lualib, to_jsstring, to_luastring } from 'fengari'
import { type Reply, RedisError } from './redis-replies.ts'

type State = ReturnType<typeof lauxlib.luaL_newstate>
type ScriptArgs = { keys: readonly string[]; args: readonly string[] }

export type Scripts = {
  /** Compiles and remembers; answers with the SHA of the full text. */
  load(code: string): string
  has(sha: string): boolean
  runSha(sha: string, given: ScriptArgs): Reply
  flush(): void
}

export function makeScripts(run: (command: readonly string[]) => Reply): Scripts {
  const state = lauxlib.luaL_newstate()
  lualib.luaL_openlibs(state)
  // Redis runs Lua 5.1, where `unpack` is a global; this machine speaks 5.3.
  execute(state, 'unpack = table.unpack')
  defineRedis(state, run)
  /** SHA → the compiled function's place in Lua's registry. */
  const compiled = new Map<string, number>()
  return {
    load: (code) => {
      const sha = createHash('sha1').update(code).digest('hex')
      if (!compiled.has(sha)) compiled.set(sha, compile(state, code))
      return sha
    },
    has: (sha) => compiled.has(sha.toLowerCase()),
    runSha: (sha, given) => {
      const place = compiled.get(sha.toLowerCase())
      if (place === undefined) throw new RedisError('NOSCRIPT No matching script. Please use EVAL.')
      return call(state, place, given)
    },
    flush: () => compiled.clear(),
  }
}

function compile(state: State, code: string): number {
  const body = to_luastring(code.replace(/^#![^\n]*/, ''))
  if (lauxlib.luaL_loadbuffer(state, body, null, to_luastring('@user_script')) !== lua.LUA_OK) {
    throw new RedisError(`ERR Error compiling script: ${popText(state)}`)
  }
  return lauxlib.luaL_ref(state, lua.LUA_REGISTRYINDEX)
}

function execute(state: State, code: string): void {
  const place = compile(state, code)
  call(state, place, { keys: [], args: [] })
}

function call(state: State, place: number, given: ScriptArgs): Reply {
  setList(state, 'KEYS', given.keys)
  setList(state, 'ARGV', given.args)
  lua.lua_rawgeti(state, lua.LUA_REGISTRYINDEX, place)
  const code = lua.lua_pcall(state, 0, 1, 0)
  try {
    if (code !== lua.LUA_OK) throw new RedisError(errorText(state))
    return replyAt(state, -1)
  } finally {
    lua.lua_settop(state, 0)
  }
}

function defineRedis(state: State, run: (command: readonly string[]) => Reply): void {
  const define = (name: string, body: (state: State) => number) => {
    lua.lua_pushcfunction(state, body)
    lua.lua_setfield(state, -2, to_luastring(name))
  }
  const runFromLua = (inner: State, isProtected: boolean): number => {
    try {
      push(inner, run(commandOn(inner)))
      return 1
    } catch (error) {
      if (!(error instanceof RedisError)) throw error
      pushTagged(inner, 'err', error.message)
      return isProtected ? 1 : lua.lua_error(inner)
    }
  }
  const tagged = (name: string) => (inner: State) => {
    pushTagged(inner, name, to_jsstring(lua.lua_tostring(inner, 1)))
    return 1
  }
  lua.lua_createtable(state, 0, 5)
  define('call', (inner) => runFromLua(inner, false))
  define('pcall', (inner) => runFromLua(inner, true))
  define('error_reply', tagged('err'))
  define('status_reply', tagged('ok'))
  define('log', () => 0)
  lua.lua_setglobal(state, to_luastring('redis'))
}

function commandOn(state: State): readonly string[] {
  return Array.from({ length: lua.lua_gettop(state) }, (_, index) => {
    const type = lua.lua_type(state, index + 1)
    // Not through lua_tostring: Lua writes a large number as 1.73e+12, Redis in full.
    if (type === lua.LUA_TNUMBER) return String(lua.lua_tonumber(state, index + 1))
    if (type === lua.LUA_TSTRING) return to_jsstring(lua.lua_tostring(state, index + 1))
    throw new RedisError('ERR Lua redis lib command arguments must be strings or integers')
  })
}

/** Redis → Lua: nil is false, a status or an error is a table with one field. */
function push(state: State, reply: Reply): void {
  if (reply === null) lua.lua_pushboolean(state, false)
  else if (typeof reply === 'number') lua.lua_pushnumber(state, reply)
  else if (typeof reply === 'string') lua.lua_pushstring(state, to_luastring(reply))
  else if ('status' in reply) pushTagged(state, 'ok', reply.status)
  else pushList(state, reply)
}

function pushList(state: State, items: readonly Reply[]): void {
  lua.lua_createtable(state, items.length, 0)
  for (const [index, item] of items.entries()) {
    push(state, item)
    lua.lua_rawseti(state, -2, index + 1)
  }
}

function pushTagged(state: State, name: string, text: string): void {
  lua.lua_createtable(state, 0, 1)
  lua.lua_pushstring(state, to_luastring(text))
  lua.lua_setfield(state, -2, to_luastring(name))
}

function setList(state: State, name: string, items: readonly string[]): void {
  pushList(state, items)
  lua.lua_setglobal(state, to_luastring(name))
}

/** Lua → Redis: numbers lose their fraction, true is 1, false and nil are nil, a list ends at its first nil. */
function replyAt(state: State, index: number): Reply {
  const type = lua.lua_type(state, index)
  if (type === lua.LUA_TNUMBER) return Math.trunc(lua.lua_tonumber(state, index))
  if (type === lua.LUA_TSTRING) return to_jsstring(lua.lua_tostring(state, index))
  if (type === lua.LUA_TBOOLEAN) return lua.lua_toboolean(state, index) ? 1 : null
  if (type !== lua.LUA_TTABLE) return null
  const error = fieldAt(state, index, 'err')
  if (error !== undefined) throw new RedisError(error)
  const status = fieldAt(state, index, 'ok')
  return status === undefined ? listAt(state) : { status }
}

/** The list on top of the stack. */
function listAt(state: State): Reply {
  const items: Reply[] = []
  for (let at = 1; lua.lua_rawgeti(state, -1, at) !== lua.LUA_TNIL; at += 1) {
    items.push(replyAt(state, -1))
    lua.lua_pop(state, 1)
  }
  lua.lua_pop(state, 1)
  return items
}

function fieldAt(state: State, index: number, name: string): string | undefined {
  const type = lua.lua_getfield(state, index, to_luastring(name))
  const text = type === lua.LUA_TSTRING ? to_jsstring(lua.lua_tostring(state, -1)) : undefined
  lua.lua_pop(state, 1)
  return text
}

function errorText(state: State): string {
  if (lua.lua_type(state, -1) !== lua.LUA_TTABLE) return `ERR ${popText(state)}`
  return fieldAt(state, -1, 'err') ?? 'ERR unknown error in script'
}

function popText(state: State): string {
  const text = to_jsstring(lua.lua_tostring(state, -1))
  lua.lua_pop(state, 1)
  return text
}
