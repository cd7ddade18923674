/* The interpreter without its prompt: run the file that is the argument. */
#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	lua_State *state = luaL_newstate();

	setvbuf(stdout, NULL, _IONBF, 0);
	luaL_openlibs(state);
	if (argc == 2 && luaL_dofile(state, argv[1]) == LUA_OK)
		return 0;
	fprintf(stderr, "lua: %s\n", lua_tostring(state, -1));
	return 1;
}
