# Writes two of the exchange's workbooks of open interest into the folder sys.argv[1]: the layout of
# sheets 別紙1 and 別紙2 as programs of others read it, the numbers made up.
import datetime as dt
import os
import sys

import openpyxl

HEADINGS = ["銘柄", "取引高", "当日建玉残高", "前日比", "前日建玉残高"]


def sheet(book, title, day, rows):
    sheet = book.create_sheet(title)
    sheet["A1"] = "日経225オプション 建玉残高"
    sheet.merge_cells("A1:K1")
    sheet["A2"] = day
    sheet["A4"], sheet["G4"] = "プット", "コール"
    sheet.merge_cells("A4:E4")
    sheet.merge_cells("G4:K4")
    for side, first in (("A", 1), ("G", 7)):
        for i, heading in enumerate(HEADINGS):
            sheet.cell(5, first + i, heading)
    for number, (put, call) in enumerate(rows, 6):
        for first, cells in ((1, put), (7, call)):
            for i, value in enumerate(cells or []):
                sheet.cell(number, first + i, value)


def write(day, large, mini):
    book = openpyxl.Workbook()
    book.active.title = "デリバティブ建玉残高状況"
    book.active["A1"] = "別紙参照"
    sheet(book, "別紙1", day, large)
    sheet(book, "別紙2", day, mini)
    book.save(os.path.join(sys.argv[1], f"{day:%Y%m%d}open_interest.xlsx"))


write(
    dt.datetime(2026, 8, 31),
    [(["NIKKEI 225 P2609-30000", 3, 1290, 10, 1280], None)],
    [],
)
write(
    dt.datetime(2026, 9, 1),
    [
        (["NIKKEI 225 P2609-30000", 45, 1250, -40, 1290], ["NIKKEI 225 C2609-70000", 204, "4,655", "210", 4445]),
        (["NIKKEI 225 P2609-30500", "-", "-", "-", "-"], None),
        (["2026年9月限計", 45, 1250, -40, 1290], ["2026年9月限計", 204, 4655, 210, 4445]),
        # A block of the next month: the calls begin where there are no puts, and a name that is none.
        (["NIKKEI 225 P2613-30000", 1, 1, 1, 0], ["NIKKEI 225 C2610-60000", 1, 1, 1, 0]),
        (["合計", 46, 1251, -39, 1290], ["合計", 205, 4656, 211, 4445]),
    ],
    [(["NK225 MINI P260903-58375", 12, 12, 12, 0], ["NK225 MINI C260910-70000", 0, 0, -7, 7])],
)
