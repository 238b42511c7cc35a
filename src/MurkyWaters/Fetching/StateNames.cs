using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>States as JSON spells them.</summary>
internal static class StateNames
{
    public static string Of(SourceState state) => CamelCase(state.ToString());

    public static string Of(FetchEndReason reason) => CamelCase(reason.ToString());

    private static string CamelCase(string name) => string.Concat(name[..1].ToLowerInvariant(), name[1..]);
}
