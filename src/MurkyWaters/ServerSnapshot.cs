using MurkyWaters.Fetching;
using MurkyWaters.Servers;

namespace MurkyWaters;

/// <summary>One server known to this node.</summary>
/// <param name="Endpoint">As in servers.json, <c>host:port</c>.</param>
/// <param name="Origin"><c>file</c>, <c>api</c> or <c>peer</c> (added by itself).</param>
/// <param name="State"><c>unknown</c>, <c>up</c>, <c>silent</c>, <c>busy</c>, <c>stale</c>, <c>lied</c> or <c>unresolvable</c>.</param>
/// <param name="RttMs">Round-trip time, once known.</param>
/// <param name="RateBytesPerSecond">Rate of the last fetch.</param>
/// <param name="Loss">Loss of the last fetch, 0 to 1.</param>
/// <param name="LastSeen">When it was last heard, in the life of this process.</param>
/// <param name="IsOwn">Whether it is this node itself.</param>
/// <example>
/// {
/// "endpoint": "127.0.0.1:1980", "origin": "file", "state": "up", "rttMs": 0.4, "rateBytesPerSecond": 41936000, "loss": 0,
/// "lastSeen": "2026-11-21T06:10:09.1+00:00", "isOwn": false
/// }
/// </example>
public sealed record ServerSnapshot(
    string Endpoint, string Origin, string State, double? RttMs, long RateBytesPerSecond, double Loss, DateTimeOffset? LastSeen,
    bool IsOwn = false)
{
    /// <summary>One that was just added, and of which nothing is known.</summary>
    public static ServerSnapshot Added(string endpoint) =>
        new(endpoint, StateNames.Of(ServerOrigin.Api), StateNames.Of(ServerState.Unknown), null, 0, 0, null);
}
