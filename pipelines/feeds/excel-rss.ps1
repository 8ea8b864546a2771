# Reads a range of an open Excel workbook each second and POSTs its rows to zaraba
# (pipelines/feeds/excel-rss.toml). Not tried live.
#
#   powershell -ExecutionPolicy Bypass -File excel-rss.ps1 -Workbook desk.xlsx -Sheet 1 -Range A1:L200
#
# The first row of the range names the columns: name, price, bid, bid_qty, ask, ask_qty, iv, volume, oi,
# settlement; `name` must be there, others may be left out. Below, `name` is a text such as
# 日経225オプション 2026年9月 C70000 and the rest are the broker's functions. Rows without a name are
# passed over. The workbook must be open in Excel, with the broker's add-in logged in.
#
# Excel is busy while a cell is being edited; that second is left out and told once. When zaraba cannot
# be reached, or answers 429, the script waits longer and longer, up to 30 seconds, and goes on.
param(
    [Parameter(Mandatory = $true)] [string] $Workbook,
    [string] $Sheet = "1",
    [string] $Range = "A1:L200",
    [string] $Url = "http://127.0.0.1:8227/excel-rss",
    [double] $Seconds = 1.0
)
$ErrorActionPreference = "Stop"

$excel = [Runtime.InteropServices.Marshal]::GetActiveObject("Excel.Application")
$book = $excel.Workbooks.Item([IO.Path]::GetFileName($Workbook))
$number = 0
if ([int]::TryParse($Sheet, [ref] $number)) {
    $cells = $book.Worksheets.Item($number).Range($Range)
} else {
    $cells = $book.Worksheets.Item($Sheet).Range($Range)
}

# The rows of the range as one JSON array. Excel's errors are negative numbers of this kind; zaraba reads
# the text as a null.
function Read-Rows {
    $values = $cells.Value2
    $now = [DateTimeOffset]::Now.ToString("yyyy-MM-ddTHH:mm:ss.fffzzz")
    $rows = @()
    for ($row = 2; $row -le $values.GetLength(0); $row++) {
        $item = [ordered] @{ ts = $now }
        for ($column = 1; $column -le $values.GetLength(1); $column++) {
            $name = $values[1, $column]
            if (-not $name) { continue }
            $value = $values[$row, $column]
            if ($value -is [int] -and $value -le -2146826246) { $value = "#N/A" }
            $item[[string] $name] = $value
        }
        if ($item["name"]) { $rows += [pscustomobject] $item }
    }
    ConvertTo-Json -InputObject @($rows) -Compress
}

$wait = $Seconds
$said = ""
while ($true) {
    $started = Get-Date
    try {
        $body = [Text.Encoding]::UTF8.GetBytes((Read-Rows))
        $null = Invoke-RestMethod -Uri $Url -Method Post -ContentType "application/json" -Body $body -TimeoutSec 10
        $wait = $Seconds
        $said = ""
    } catch {
        $message = $_.Exception.Message
        if ($message -ne $said) { Write-Warning $message }
        $said = $message
        $wait = [Math]::Min($wait * 2, 30)
    }
    $left = $wait - ((Get-Date) - $started).TotalSeconds
    if ($left -gt 0) { Start-Sleep -Milliseconds ([int] ($left * 1000)) }
}
