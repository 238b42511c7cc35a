using Benchmarks.Codes;

namespace PouringRain.Coding.Tests.Vectors;

public sealed class VectorFileTests
{
    [Theory]
    [InlineData("components.json", 942)]
    [InlineData("vectors.json", 671)]
    public void Every_vector_holds(string name, int count)
    {
        var failures = new List<string>();
        var file = VectorFile.Check(Path.Combine(AppContext.BaseDirectory, "Vectors", name), failures.Add);
        Assert.Empty(failures);
        Assert.Equal(0, file.Failed);
        Assert.Equal(count, file.Passed);
    }
}
