-- A language with a garbage collector: tables, strings, coroutines, files.
local function primes(n)
  local sieve, found = {}, {}
  for i = 2, n do
    if not sieve[i] then
      found[#found + 1] = i
      for j = i * i, n, i do sieve[j] = true end
    end
  end
  return found
end
print(#primes(20000), primes(100)[25])
local words = {}
for word in ("the cow and the calf and the bull"):gmatch("%a+") do
  words[word] = (words[word] or 0) + 1
end
local names = {}
for name in pairs(words) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do io.write(name, "=", words[name], " ") end
print()
local numbers = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print(numbers(), numbers(), numbers())
for i = 1, 200 do local garbage = string.rep("x", 10000) .. i end
collectgarbage()
print(collectgarbage("count") < 4096)
local name = os.tmpname()
local file = assert(io.open(name, "w"))
for i = 1, 1000 do file:write(i, "\n") end
file:close()
local sum = 0
for line in io.lines(name) do sum = sum + tonumber(line) end
print(sum, os.remove(name) == true, io.open(name) == nil)
print(pcall(error, "caught"), string.format("%.3f %q %x", math.pi, "a\nb", 255))
print(os.execute("exit 3"))
local pipe = io.popen("echo from a pipe"); print(pipe:read("a")); pipe:close()
