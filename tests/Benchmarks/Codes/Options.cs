using System.Globalization;

namespace Benchmarks.Codes;

/// <summary>Arguments of the form <c>--name value</c> and <c>--flag</c>.</summary>
internal sealed class Options(string[] arguments)
{
    public string? Get(string name)
    {
        var index = Array.IndexOf(arguments, name);
        return index >= 0 && index + 1 < arguments.Length ? arguments[index + 1] : null;
    }

    public bool Has(string name) => arguments.Contains(name);

    public int[] GetNumbers(string name, int[] otherwise) => Get(name) is { } text
        ? [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(number => int.Parse(number, CultureInfo.InvariantCulture))]
        : otherwise;
}
