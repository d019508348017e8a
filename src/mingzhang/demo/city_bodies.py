"""The example city's departments, units, suppliers and payees: an illustrative city of middle size, no real one.

Ids and names are fixed; how many people a unit has, and what it spends, is made by city_budget.py.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mingzhang.demo.people import CITY, Body, Person

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "安和平顺明远志诚德昌文博嘉宁立新永康国栋海涛雨晴思源晓峰家俊"


class Department(NamedTuple):
    """A supervising department with its units: (id, name, functional code, people)."""

    department_id: str
    name: str
    units: tuple[tuple[str, str, str, int], ...]


class Unit(NamedTuple):
    """A budget unit. An office is an agency (机关), the others are institutions (事业单位)."""

    unit_id: str
    name: str
    department_id: str
    function_code: str
    people: int
    office: bool


DEPARTMENTS = (
    Department("education", "市教育局(示例)", (
        ("edu-office", "市教育局机关", "2050101", 96),
        ("high-school-1", "市第一高级中学", "2050204", 268),
        ("middle-school-3", "市第三初级中学", "2050203", 184),
        ("primary-experimental", "市实验小学", "2050202", 152),
        ("primary-south", "城南小学", "2050202", 118),
        ("kindergarten-1", "市第一幼儿园", "2050201", 64),
        ("vocational-school", "市职业技术学校", "2050302", 206),
    )),
    Department("police", "市公安局(示例)", (
        ("police-office", "市公安局机关", "2040201", 420),
        ("traffic-police", "交通警察支队", "2040202", 260),
    )),
    Department("labour", "市人力资源和社会保障局(示例)", (
        ("labour-office", "市人社局机关", "2080101", 88),
        ("social-insurance", "市社会保险服务中心", "2080109", 76),
    )),
    Department("civil", "市民政局(示例)", (
        ("civil-office", "市民政局机关", "2080201", 54),
        ("welfare-home", "市儿童福利院", "2081001", 82),
        ("elderly-home", "市老年公寓", "2081002", 70),
    )),
    Department("health", "市卫生健康局", (
        ("health-office", "市卫健局机关", "2100101", 72),
        ("city-hospital", "市人民医院", "2100201", 640),
        ("tcm-hospital", "市中医院", "2100202", 320),
        ("women-children-hospital", "市妇幼保健院", "2100206", 280),
        ("disease-control", "市疾病预防控制中心", "2100401", 130),
    )),
    Department("culture", "市文化广电旅游体育局(示例)", (
        ("culture-office", "市文旅体局机关", "2070101", 60),
        ("library", "市图书馆", "2070104", 58),
        ("museum", "市博物馆", "2070205", 46),
        ("culture-centre", "市文化馆", "2070109", 38),
    )),
    Department("housing", "市住房和城乡建设局(示例)", (
        ("housing-office", "市住建局机关", "2120101", 90),
        ("building-safety", "市建设工程质量安全中心", "2120399", 62),
    )),
    Department("transport", "市交通运输局(示例)", (
        ("transport-office", "市交通局机关", "2140101", 84),
        ("road-maintenance", "市公路养护中心", "2140106", 148),
        ("road-transport", "市道路运输服务中心", "2140112", 66),
    )),
    Department("water", "市水务局(示例)", (
        ("water-office", "市水务局机关", "2130301", 64),
        ("reservoir", "市水库管理中心", "2130306", 72),
        ("drainage", "市排水管理中心", "2130305", 58),
    )),
    Department("agriculture", "市农业农村局(示例)", (
        ("agriculture-office", "市农业农村局机关", "2130101", 78),
        ("agri-extension", "市农业技术推广中心", "2130106", 60),
    )),
    Department("environment", "市生态环境局(示例)", (
        ("environment-office", "市生态环境局机关", "2110101", 70),
        ("environment-monitoring", "市环境监测站", "2110299", 56),
    )),
    Department("urban", "市城市管理和综合执法局(示例)", (
        ("urban-office", "市城管局机关", "2120101", 66),
        ("sanitation", "市环境卫生中心", "2120501", 180),
        ("urban-enforcement", "市城管执法支队", "2120104", 140),
    )),
    Department("science", "市科学技术局(示例)", (
        ("science-office", "市科技局机关", "2060101", 42),
        ("productivity-centre", "市生产力促进中心", "2060404", 34),
    )),
)  # fmt: skip
SUPPLIERS = (
    ("supplier-build-1", "示例建设一公司"),
    ("supplier-build-2", "示例建设二公司"),
    ("supplier-road", "示例路桥公司"),
    ("supplier-water", "示例水利工程公司"),
    ("supplier-it-1", "示例软件公司"),
    ("supplier-it-2", "示例网络科技公司"),
    ("supplier-device", "示例仪器设备公司"),
    ("supplier-service", "示例综合服务公司"),
)
"""Organisations with which the city's units sign agreements; each has one person who countersigns."""
PAYEES: dict[str, tuple[str, ...]] = {
    "payroll": ("代理银行代发工资专户(示例)",),
    "social": ("社会保险基金专户(示例)",),
    "housing": ("住房公积金专户(示例)",),
    "power": ("供电公司(示例)",),
    "waterworks": ("自来水公司(示例)",),
    "telecom": ("通信公司甲(示例)", "通信公司乙(示例)"),
    "property": tuple(f"物业公司{n}(示例)" for n in "甲乙丙丁"),
    "office": tuple(f"办公用品商行{n}(示例)" for n in "甲乙丙丁戊己"),
    "travel": ("公务出行平台(示例)", "会议酒店甲(示例)", "会议酒店乙(示例)"),
    "repair": tuple(f"维修工程部{n}(示例)" for n in "甲乙丙丁戊己庚"),
    "training": tuple(f"培训中心{n}(示例)" for n in "甲乙丙"),
    "car": ("加油站(示例)", "汽车维修厂甲(示例)", "汽车维修厂乙(示例)"),
    "misc": tuple(f"服务部{n}(示例)" for n in "甲乙丙丁戊"),
    "works": tuple(f"工程公司{n}(示例)" for n in "甲乙丙丁戊己"),
    "device": tuple(f"设备公司{n}(示例)" for n in "甲乙丙丁戊己"),
    "it": tuple(f"信息技术公司{n}(示例)" for n in "甲乙丙丁"),
    "consult": tuple(f"咨询机构{n}(示例)" for n in "甲乙丙丁戊"),
    "welfare": ("惠民资金一卡通专户(示例)",),
}
"""Enterprises by what they are paid for; registered once by the treasury for all units."""
LABOUR_PEOPLE = 12
"""Individuals paid for labour; their names are sealed."""


def units(count: int) -> list[Unit]:
    """The first `count` units, taken from the departments in turn, so that few units still span many departments."""
    rows = [
        Unit(unit_id, name, department.department_id, code, people, office=place == 0)
        for place in range(max(len(department.units) for department in DEPARTMENTS))
        for department in DEPARTMENTS
        if place < len(department.units)
        for unit_id, name, code, people in [department.units[place]]
    ]
    return rows[:count]


def bodies(chosen: Sequence[Unit]) -> list[Body]:
    """Departments, units and suppliers to register; the health department is of the genesis."""
    named = {unit.department_id for unit in chosen}
    departments = [one for one in DEPARTMENTS if one.department_id in named and one.department_id != "health"]
    return [
        *(Body(one.department_id, one.name, "department", CITY) for one in departments),
        *(Body(unit.unit_id, unit.name, "unit", unit.department_id) for unit in chosen),
        *(Body(supplier_id, name, "supplier", CITY) for supplier_id, name in SUPPLIERS),
    ]


def people(chosen: Sequence[Unit]) -> list[Person]:
    """Three people a unit, a reviewer a department, one a supplier. Their names are made up and will be sealed."""
    named = {unit.department_id for unit in chosen}
    made: list[Person] = []

    def add(person_id: str, organisation: str, post: str, *roles: tuple[str, str]) -> None:
        made.append(Person(person_id, organisation, post, f"示例·{_name(len(made))}", roles))

    for one in DEPARTMENTS:
        if one.department_id in named and one.department_id != "health":
            add(reviewer(one.department_id), one.department_id, "规划财务科审核岗",
                ("department_reviewer", one.department_id))  # fmt: skip
    for unit in chosen:
        add(clerk(unit.unit_id), unit.unit_id, "业务科经办", ("unit_business", unit.unit_id))
        add(cashier(unit.unit_id), unit.unit_id, "财务科会计", ("unit_finance", unit.unit_id))
        add(head(unit.unit_id), unit.unit_id, "单位负责人", ("unit_head", unit.unit_id))
    for supplier_id, _called in SUPPLIERS:
        add(manager(supplier_id), supplier_id, "项目经理", ("contractor", supplier_id))
    return made


def clerk(unit_id: str) -> str:
    """Id of a unit's business clerk."""
    return unit_id + "-clerk"


def cashier(unit_id: str) -> str:
    """Id of a unit's accountant, who requests payments."""
    return unit_id + "-finance"


def head(unit_id: str) -> str:
    """Id of a unit's head, who signs agreements and answers findings."""
    return unit_id + "-head"


def reviewer(department_id: str) -> str:
    """Id of a department's reviewer."""
    return department_id + "-reviewer"


def manager(supplier_id: str) -> str:
    """Id of the person who signs for a supplier."""
    return supplier_id + "-manager"


def _name(number: int) -> str:
    return SURNAMES[number % len(SURNAMES)] + GIVEN[(number * 7) % (len(GIVEN) - 1) :][:2]
