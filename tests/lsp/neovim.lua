-- What a person does in the editor: looks at the findings, chooses an action, looks again, saves and closes.
-- The environment variable names a JSON file: the file to edit, the code to fix, where to write what was seen.

local task = vim.fn.json_decode(vim.fn.readfile(vim.env.MONGOLINT_TASK))
local seen = {}

local function findings()
  local found = {}
  for _, each in ipairs(vim.diagnostic.get(0)) do
    local code = each.code or each.user_data.lsp.code
    table.insert(found, { line = each.lnum + 1, column = each.col, code = code, source = each.source })
  end
  return found
end

local function of_code()
  for _, each in ipairs(findings()) do
    if each.code == task.code then
      return each
    end
  end
end

local function until_true(what, condition)
  assert(vim.wait(task.patience * 1000, condition), "waited in vain until " .. what)
end

-- The menu: takes the first action that is not about silencing or explaining
vim.ui.select = function(items, options, choose)
  seen.offered = {}
  local chosen
  for _, item in ipairs(items) do
    local title = options.format_item(item)
    table.insert(seen.offered, title)
    if not chosen and not title:find("^Suppress") and not title:find("^Explain") and not title:find(" all ") then
      chosen = item
    end
  end
  choose(chosen)
end

local function session()
  vim.cmd("edit " .. task.file)
  until_true("the finding is shown", of_code)
  seen.before = findings()
  local clients = vim.lsp.get_clients or vim.lsp.get_active_clients
  seen.clients = vim.tbl_map(function(client)
    return { name = client.name, root = client.config.root_dir }
  end, vim.tbl_values(clients()))
  local place = of_code()
  vim.api.nvim_win_set_cursor(0, { place.line, place.column })
  local tick = vim.b.changedtick
  vim.lsp.buf.code_action()
  until_true("the buffer changes", function()
    return vim.b.changedtick ~= tick
  end)
  until_true("the finding goes", function()
    return not of_code()
  end)
  seen.after = findings()
  vim.cmd("write")
end

local done, problem = pcall(session)
if not done then
  seen.problem = tostring(problem)
end
vim.fn.writefile({ vim.fn.json_encode(seen) }, task.report)
vim.cmd("qall!")
