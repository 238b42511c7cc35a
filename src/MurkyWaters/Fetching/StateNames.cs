using MurkyWaters.Servers;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>States as JSON spells them.</summary>
internal static class StateNames
{
    /// <summary>A fetch that found that its resource was deleted.</summary>
    public const string Deleted = "deleted";

    public static string Of(SourceState state) => CamelCase(state.ToString());

    /// <summary>Who rained when the transfer ended has done its part.</summary>
    public static string Of(SourceState state, bool isOver) => isOver && state == SourceState.Raining ? "done" : Of(state);

    public static string Of(ServerState state) => CamelCase(state.ToString());

    public static string Of(ServerOrigin origin) => CamelCase(origin.ToString());

    public static string Of(FetchEndReason reason) => CamelCase(reason.ToString());

    /// <summary>What a source is to a swarm: <c>seeder</c>, <c>peer</c> or <c>bothWays</c>; null as long as it has told nothing of what it
    /// holds.</summary>
    public static string? RoleOf(SourceSnapshot source, long givenBytes) =>
        source.HoldsAll ? "seeder" : givenBytes > 0 ? "bothWays" : source.HeldBlocks is null ? null : "peer";

    private static string CamelCase(string name) => string.Concat(name[..1].ToLowerInvariant(), name[1..]);
}
