using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using PouringRain.Coding.Lt;

namespace PouringRain.Coding;

/// <summary>The codes there are, by the names that manifests use.</summary>
public static class FountainCodes
{
    /// <summary>Every code, the default one first.</summary>
    public static ImmutableArray<IFountainCode> All { get; } = [new RaptorQ.RaptorQCode(), LtCode.Instance];

    /// <summary>Finds a code by its name; names are compared as they stand.</summary>
    public static bool TryGet(string? name, [NotNullWhen(true)] out IFountainCode? code)
    {
        foreach (var candidate in All)
        {
            if (candidate.Name == name)
            {
                code = candidate;
                return true;
            }
        }

        code = null;
        return false;
    }
}
