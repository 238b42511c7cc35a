namespace MurkyWaters;

/// <summary>A server in the eyes of one fetch, for error documents.</summary>
public sealed record SourceReport(string Endpoint, string State, long Droplets, double Loss, double? RttMs, DateTimeOffset? LastSeen);
