-- Between the server and game.sh: files in the world's folder, looked at each second.
local world = minetest.get_worldpath() .. "/"
local passed = 1

local function show(name)
    local file = io.open(world .. name, "r")
    if not file then
        return
    end
    local text = file:read("*l")
    file:close()
    os.remove(world .. name)
    if text then
        minetest.chat_send_all(minetest.colorize("#ffd700", "[dogs] " .. text))
        minetest.log("action", "[dogs] " .. text)
    end
end

minetest.register_globalstep(function(dtime)
    passed = passed + dtime
    if passed < 1 then
        return
    end
    passed = 0
    minetest.safe_file_write(world .. "dogs-players", #minetest.get_connected_players() .. "\n")
    local names = minetest.get_dir_list(world, false)
    table.sort(names)
    for _, name in ipairs(names) do
        if name:match("^dogs%-say%.%d+$") then
            show(name)
        end
    end
end)

-- What was said to a server that is gone is not said to this one.
for _, name in ipairs(minetest.get_dir_list(world, false)) do
    if name:match("^dogs%-") then
        os.remove(world .. name)
    end
end

minetest.register_on_chat_message(function(name, text)
    local file = io.open(world .. "dogs-chat", "a")
    if file then
        file:write("<" .. name .. "> " .. text:gsub("%c", " ") .. "\n")
        file:close()
    end
end)
