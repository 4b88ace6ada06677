from pyspark_shell.common.call_site import first_spark_call


def test_the_call_site_is_the_callers_line_when_asked_from_outside():
    site = first_spark_call()

    assert site.file == __file__
    assert str(site) == f"{site.function} at {__file__}:{site.linenum}"
