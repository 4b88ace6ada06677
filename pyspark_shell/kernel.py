"""The Jupyter kernel, as kernelspecs start it: `python -m pyspark_shell.kernel -f FILE`."""

from pyspark_shell.shell.kernel import PySparkShellKernel, main

__all__ = ["PySparkShellKernel", "main"]

if __name__ == "__main__":
    main()
