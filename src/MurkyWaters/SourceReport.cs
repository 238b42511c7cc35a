namespace MurkyWaters;

/// <summary>A server in the eyes of one fetch, for error documents.</summary>
/// <param name="Endpoint">As in servers.json, <c>host:port</c>.</param>
/// <param name="State"><c>asked</c> (and not heard of), <c>raining</c>, <c>notFound</c>, <c>busy</c>, <c>stale</c>, <c>silent</c> or
/// <c>lied</c>.</param>
/// <param name="Droplets">Droplets that came from it.</param>
/// <param name="Loss">Droplets lost as a share of those sent, 0 to 1.</param>
/// <param name="RttMs">Round-trip time, once known.</param>
/// <param name="LastSeen">When it was last heard.</param>
public sealed record SourceReport(string Endpoint, string State, long Droplets, double Loss, double? RttMs, DateTimeOffset? LastSeen);
