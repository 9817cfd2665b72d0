from schemas.faults import Fault, nearest


def test_fault_is_its_message() -> None:
    fault = Fault("is wrong", "Right it")
    assert fault == "is wrong" and fault.remedy == "Right it"


def test_nearest() -> None:
    assert nearest("Base-Urls", ["base_urls", "models"]) == "base_urls"
    assert nearest("zzz", ["base_urls"]) == "" and nearest("a", []) == ""
