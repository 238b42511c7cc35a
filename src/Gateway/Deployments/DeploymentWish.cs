using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Gateway.Http;
using MurkyWaters;
using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace Gateway.Deployments;

/// <summary>What is to be deployed to whom.</summary>
/// <param name="Resource">The resource's id. What it is now is deployed, whatever is put there later.</param>
/// <param name="Targets">"all": all nodes that are there (the default); a list of ids of nodes, as in GET /nodes; or {"zone": "east"}: the
/// nodes of a zone.</param>
/// <param name="Mode">auto (the default): what is best; swarm: each fetches it, in company with all the others; or group: it rains on a
/// multicast group, once for all, and what does not come there is fetched. auto is group where Deploy:Groups has one and there are three
/// receivers or more.</param>
/// <param name="Group">The group, address and port, with mode group: one of Deploy:Groups of the node that is asked; none for the
/// first of them.</param>
/// <param name="RateBytesPerSecond">What each receiver orders a second at most, 65536 or more; none for no limit.</param>
/// <param name="StartAt">When it begins, with a zone as Z; none for now.</param>
/// <param name="Waves">How many get it in each wave, the last number again and again; none for all at once. A wave begins when each of
/// the one before has it, has failed, or has been silent for a minute, and only while the quorum can still be reached.</param>
/// <param name="Quorum">How many have to have it in the end for the deployment to be completed; none for all.</param>
/// <example>
/// { "resource": "42", "targets": "all", "mode": "auto", "group": null, "rateBytesPerSecond": 12500000, "startAt": null,
/// "waves": [1, 10, 100], "quorum": null }
/// </example>
internal sealed record DeploymentWish(
    string Resource, JsonElement? Targets, string? Mode, string? Group, long? RateBytesPerSecond, DateTimeOffset? StartAt,
    IReadOnlyList<int>? Waves, int? Quorum)
{
    private const int BytesMax = 64 * 1024, WaveCountMax = 16;
    private const long RateMin = 64 * 1024;

    /// <summary>How long ahead it can be asked for.</summary>
    private static readonly TimeSpan AheadMax = TimeSpan.FromDays(366);

    private static readonly string[] Names =
        ["resource", "targets", "mode", "group", "rateBytesPerSecond", "startAt", "waves", "quorum"];

    /// <summary>Reads the body of a request.</summary>
    public static Task<(DeploymentRequest? Request, Problem? Problem)> ReadAsync(HttpRequest request, TimeProvider time) =>
        JsonBody.ReadAsync(request, BytesMax, "A deployment", body => Read(body, time.GetUtcNow()));

    private static DeploymentRequest Read(JsonElement body, DateTimeOffset now)
    {
        foreach (var property in body.EnumerateObject())
        {
            if (!Names.Contains(property.Name))
            {
                throw new FormatException($"'{property.Name}' means nothing here; {string.Join(", ", Names)} do.");
            }
        }

        var (nodes, zone) = ReadTargets(Find(body, "targets"));
        var mode = ReadMode(Find(body, "mode"));
        var group = Find(body, "group") is { } text ? TextOf(text, "group") : "";
        if (group.Length > 0 && mode != DeployMode.Group)
        {
            throw new FormatException("group is for mode group.");
        }

        return new DeploymentRequest
        {
            Resource = Find(body, "resource") is { } resource && ResourceId.TryParse(
                resource.ValueKind == JsonValueKind.Number ? resource.GetRawText() : TextOf(resource, "resource"), out var id)
                ? id : throw new FormatException("resource is to be the resource's id, as a string."),
            Nodes = nodes,
            Zone = zone,
            Mode = mode,
            Group = group,
            RateBytesPerSecond = Find(body, "rateBytesPerSecond") is not { } rate ? 0
                : rate.ValueKind == JsonValueKind.Number && rate.TryGetInt64(out var bytes) && (bytes == 0 || bytes >= RateMin) ? bytes
                : throw new FormatException($"rateBytesPerSecond is to be a whole number from {RateMin}."),
            StartAt = Find(body, "startAt") is { } start ? ReadStart(start, now) : null,
            Waves = Find(body, "waves") is { } waves ? ReadWaves(waves) : [],
            Quorum = Find(body, "quorum") is not { } quorum ? null
                : quorum.ValueKind == JsonValueKind.Number && quorum.TryGetInt32(out var count) && count > 0 ? count
                : throw new FormatException("quorum is to be a whole number from 1."),
        };
    }

    private static (ImmutableArray<NodeId>? Nodes, string? Zone) ReadTargets(JsonElement? targets)
    {
        const string wrong = "targets is to be \"all\", a list of ids of nodes, or {\"zone\": \"east\"}.";
        switch (targets)
        {
            case null or { ValueKind: JsonValueKind.String } when targets is null || targets.Value.GetString() == "all":
                return default;
            case { ValueKind: JsonValueKind.Array } list:
                return ([.. list.EnumerateArray().Select(one =>
                    one.ValueKind == JsonValueKind.String && NodeId.TryParse(one.GetString(), out var node) ? node
                    : throw new FormatException($"{one.GetRawText()} is no node's id: 32 hexadecimal digits, as in GET /nodes."))], null);
            case { ValueKind: JsonValueKind.Object } one when one.EnumerateObject().Count() == 1
                && one.TryGetProperty("zone", out var zone) && zone.ValueKind == JsonValueKind.String:
                return (null, zone.GetString());
            default:
                throw new FormatException(wrong);
        }
    }

    private static DeployMode? ReadMode(JsonElement? mode) => mode is null ? null : TextOf(mode.Value, "mode") switch
    {
        "auto" => null,
        "swarm" => DeployMode.Swarm,
        "group" => DeployMode.Group,
        _ => throw new FormatException("mode is to be auto, swarm or group."),
    };

    private static DateTimeOffset ReadStart(JsonElement start, DateTimeOffset now)
    {
        if (!DateTimeOffset.TryParse(
            TextOf(start, "startAt"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            throw new FormatException("startAt is to be a time, as 2026-01-02T03:04:05Z.");
        }

        return at - now <= AheadMax ? at : throw new FormatException($"startAt is more than {AheadMax.TotalDays:F0} days ahead.");
    }

    private static ImmutableArray<int> ReadWaves(JsonElement waves)
    {
        const string wrong = "waves is to be a list of up to 16 whole numbers from 1.";
        return waves.ValueKind == JsonValueKind.Array && waves.GetArrayLength() <= WaveCountMax
            ? [.. waves.EnumerateArray().Select(wave =>
                wave.ValueKind == JsonValueKind.Number && wave.TryGetInt32(out var size) && size > 0
                    ? Math.Min(size, DeploymentPlan.TargetCountMax) : throw new FormatException(wrong))]
            : throw new FormatException(wrong);
    }

    private static JsonElement? Find(JsonElement body, string name) =>
        body.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string TextOf(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException($"{name} is to be a string.");
}
