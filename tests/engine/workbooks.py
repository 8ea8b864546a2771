# Writes the workbooks of workbooks.rs into the folder sys.argv[1].
import datetime as dt
import io
import os
import sys
import zipfile

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

folder = sys.argv[1]


def save(book, name):
    book.save(os.path.join(folder, name))


def day(hour, minute, second, micros=0):
    return dt.datetime(2025, 11, 14, hour, minute, second, micros)


book = openpyxl.Workbook()
sheet = book.active
sheet.title = "取引"
sheet["A1"] = "デリバティブ建玉残高表"
sheet.merge_cells("A1:F1")
sheet["A3"] = dt.date(2025, 11, 14)
for column, name in zip("ABCDEF", ["時刻", "取引日", "銘柄", "値段", " 建玉 ", "備考 1"]):
    sheet[f"{column}5"] = name
rows = {
    # A real time and date; a text with thousands; a number.
    6: [day(9, 0, 0), dt.date(2025, 11, 14), "日経225 P2512", "1,234.5", 4655],
    # Milliseconds; a number in a column of texts; a formula's text.
    7: [day(9, 0, 1, 250_000), dt.date(2025, 11, 14), 2512, 0.1, "1,234"],
    8: [None, None, None, None, None, "only a remark"],
    # Texts as times and dates; null words; empty cells.
    9: ["2025-11-14T09:00:02", "2025-11-14", None, "-", "－"],
    10: [day(9, 0, 3), dt.datetime(2025, 11, 14, 12, 0), "b", "#N/A", 7.0],
    11: [day(9, 0, 4), dt.date(2025, 11, 14), "c", 1, 4.5],
    12: ["合計", None, None, None, 11],
}
for number, cells in rows.items():
    for column, value in zip("ABCDEF", cells):
        sheet[f"{column}{number}"] = value
# A cell far away must cost nothing.
sheet["XFD1048576"] = None
other = book.create_sheet("別紙1")
other["A1"] = 1
save(book, "named.xlsx")

book = openpyxl.Workbook()
sheet = book.create_sheet("別紙1")
sheet["A2"] = dt.datetime(2025, 11, 14)
sheet["G5"], sheet["AB5"] = "C52000", "12"
sheet["A6"] = "P50000"
sheet["G7"] = "2026年1月限"
sheet.merge_cells("G7:K7")
sheet["G8"] = "C53000"
save(book, "letters.xlsx")

for name, epoch in [("from_1904.xlsx", CALENDAR_MAC_1904), ("from_1900.xlsx", None)]:
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    sheet = book.active
    sheet.append(["ts", "day", "code"])
    # The day as a bare number, as in a cell without a format of dates.
    sheet.append([day(9, 0, 0), 44513 if epoch else 45975, 20251114])
    save(book, name)

book = openpyxl.Workbook()
book.active.append(["ts", "oi", "oi"])
book.active.append([day(9, 0, 0), 1, 2])
save(book, "twice.xlsx")

save(openpyxl.Workbook(), "empty.xlsx")

with open(os.path.join(folder, "text.xlsx"), "w") as file:
    file.write("ts,oi\n2025-11-14T09:00:00,1\n")

with open(os.path.join(folder, "named.xlsx"), "rb") as file:
    whole = file.read()
with open(os.path.join(folder, "damaged.xlsx"), "wb") as file:
    file.write(whole[: len(whole) // 2])

# A sheet of blanks that packs to a thousandth of itself.
def packed(name, content):
    with zipfile.ZipFile(io.BytesIO(whole)) as old:
        with zipfile.ZipFile(os.path.join(folder, name), "w", zipfile.ZIP_DEFLATED) as new:
            for part in old.namelist():
                new.writestr(part, content if part.endswith("sheet1.xml") else old.read(part))


packed("bomb.xlsx", b"<worksheet><sheetData>" + b" " * (200 << 20) + b"</sheetData></worksheet>")
# The same, with a directory that says it is small.
with open(os.path.join(folder, "bomb.xlsx"), "rb") as file:
    bomb = file.read()
size = (200 << 20) + len(b"<worksheet><sheetData></sheetData></worksheet>")
liar = bomb.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
assert liar != bomb
with open(os.path.join(folder, "liar.xlsx"), "wb") as file:
    file.write(liar)
