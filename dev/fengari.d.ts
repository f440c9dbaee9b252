// The few functions of the Lua virtual machine `fengari` that redis.ts uses; the package has no types of its own.

declare module 'fengari' {
  /** A Lua thread with its stack. */
  type LuaState = { readonly luaState: unique symbol }
  type LuaString = Uint8Array

  export function to_luastring(text: string): LuaString
  export function to_jsstring(text: LuaString): string

  export const lua: {
    LUA_OK: number
    LUA_REGISTRYINDEX: number
    LUA_TNIL: number
    LUA_TBOOLEAN: number
    LUA_TNUMBER: number
    LUA_TSTRING: number
    LUA_TTABLE: number
    lua_createtable(state: LuaState, arraySize: number, fieldCount: number): void
    lua_error(state: LuaState): number
    lua_gettop(state: LuaState): number
    lua_pcall(state: LuaState, argumentCount: number, resultCount: number, handler: number): number
    lua_pop(state: LuaState, count: number): void
    lua_pushboolean(state: LuaState, value: boolean): void
    lua_pushcfunction(state: LuaState, callback: (state: LuaState) => number): void
    lua_pushnumber(state: LuaState, value: number): void
    lua_pushstring(state: LuaState, value: LuaString): void
    lua_rawgeti(state: LuaState, index: number, key: number): number
    lua_rawseti(state: LuaState, index: number, key: number): void
    lua_setfield(state: LuaState, index: number, name: LuaString): void
    lua_getfield(state: LuaState, index: number, name: LuaString): number
    lua_setglobal(state: LuaState, name: LuaString): void
    lua_settop(state: LuaState, index: number): void
    lua_toboolean(state: LuaState, index: number): boolean
    lua_tonumber(state: LuaState, index: number): number
    lua_tostring(state: LuaState, index: number): LuaString
    lua_type(state: LuaState, index: number): number
  }
  export const lauxlib: {
    luaL_loadbuffer(state: LuaState, code: LuaString, size: number | null, name: LuaString): number
    luaL_newstate(): LuaState
    luaL_ref(state: LuaState, table: number): number
  }
  export const lualib: { luaL_openlibs(state: LuaState): void }
}
