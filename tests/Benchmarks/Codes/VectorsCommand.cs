namespace Benchmarks.Codes;

/// <summary>Checks files of test vectors and ends with <c>N passed, M failed</c>.</summary>
internal static class VectorsCommand
{
    public static int Run(string[] arguments)
    {
        if (arguments.Length == 0)
        {
            Console.Error.WriteLine("vectors: name at least one file.");
            return 2;
        }

        var passed = 0;
        var failed = 0;
        foreach (var path in arguments)
        {
            try
            {
                var file = VectorFile.Check(path, failure => Console.WriteLine($"FAILED {failure}"));
                passed += file.Passed;
                failed += file.Failed;
            }
            catch (Exception exception) when (exception is IOException or InvalidDataException or System.Text.Json.JsonException)
            {
                Console.Error.WriteLine($"vectors: {exception.Message}");
                return 2;
            }
        }

        Console.WriteLine($"{passed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }
}
