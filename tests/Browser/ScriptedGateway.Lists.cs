using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Browser;

/// <summary>What there is, listed as a gateway lists it, however much it is.</summary>
internal sealed partial class ScriptedGateway
{
    private int _lists;

    /// <summary>How many pages of lists were asked for.</summary>
    public int ListCount => Volatile.Read(ref _lists);

    /// <summary>How many there are in place of those that were added: that of id n, from 1, is named <c>file-n.txt</c>, has n bytes and is
    /// n minutes old. They are made as they are listed.</summary>
    public int MadeCount { get; set; }

    private void MapLists()
    {
        _app.MapGet("/resources", (HttpContext context) => ListResources(context.Request.Query));
        _app.MapGet("/store", () => Results.Json(new JsonObject { ["resources"] = MadeCount > 0 ? MadeCount : _resources.Count }));
        _app.MapGet("/files/{**path}", (string? path) => Results.Json(new JsonObject
        {
            ["path"] = path ?? "",
            ["items"] = new JsonArray([.. _resources.OrderBy(pair => pair.Key).Select(pair => Item(pair.Value, path ?? ""))]),
            ["next"] = null,
            ["complete"] = true,
            ["silent"] = new JsonArray(),
        }));
        _app.MapGet("/settings", () => Results.Json(new JsonObject
        {
            ["items"] = new JsonArray(
                Setting("Rain:MaxRateBytesPerSecond", "50MB", "0", "environment"), Setting("Rain:Secret", null, "", "default")),
        }));
        _app.MapGet("/links", () => Results.Json(new JsonObject { ["items"] = new JsonArray() }));
    }

    private IResult ListResources(IQueryCollection query)
    {
        Interlocked.Increment(ref _lists);
        var from = int.TryParse(query["after"], out var after) ? after : 0;
        var limit = int.Parse(query["limit"].ToString(), CultureInfo.InvariantCulture);
        if (MadeCount > 0)
        {
            // Of all orders those by age and by length, which are one.
            var isDescending = query["order"] == "desc";
            var isReversed = query["sort"] == "modified" ? !isDescending : isDescending;
            var numbers = Enumerable.Range(from, Math.Min(limit, MadeCount - from)).Select(at => isReversed ? MadeCount - at : at + 1);
            return Page(numbers.Select(Made), MadeCount);
        }

        var words = query["search"].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var found = _resources.Values
            .Where(one => words.All(
                word => $"{one["fileName"]} {one["contentType"]} {one["id"]}".Contains(word, StringComparison.OrdinalIgnoreCase)));
        found = query["sort"].ToString() switch
        {
            "name" => found.OrderBy(one => (string?)one["fileName"] ?? "", StringComparer.Ordinal),
            "length" => found.OrderBy(one => (long)one["length"]!),
            "type" => found.OrderBy(one => (string?)one["contentType"], StringComparer.Ordinal),
            "modified" => found.OrderBy(one => (DateTimeOffset)one["modified"]!),
            _ => found.OrderBy(one => ulong.Parse((string)one["id"]!, CultureInfo.InvariantCulture)),
        };
        var ordered = query["order"] == "desc" ? found.Reverse().ToList() : [.. found];
        return Page(ordered.Skip(from).Take(limit).Select(one => (JsonObject)one.DeepClone()), ordered.Count);

        IResult Page(IEnumerable<JsonObject> items, int count) => Results.Json(new JsonObject
        {
            ["items"] = new JsonArray([.. items]),
            ["next"] = from + limit < count ? (from + limit).ToString(CultureInfo.InvariantCulture) : null,
        });
    }

    private static JsonObject Made(int number) => Resource(
        (ulong)number, string.Create(CultureInfo.InvariantCulture, $"file-{number}.txt"), number, "text/plain",
        TimeSpan.FromMinutes(number));

    private static JsonObject Item(JsonObject resource, string folder)
    {
        var name = (string?)resource["fileName"] ?? (string)resource["id"]!;
        return new JsonObject
        {
            ["name"] = name,
            ["path"] = folder + name,
            ["kind"] = "file",
            ["id"] = (string)resource["id"]!,
            ["length"] = (long)resource["length"]!,
            ["modified"] = (DateTimeOffset)resource["modified"]!,
            ["contentType"] = (string?)resource["contentType"],
        };
    }

    private static JsonObject Setting(string name, string? value, string standard, string setBy) => new()
    {
        ["name"] = name,
        ["value"] = value,
        ["next"] = null,
        ["isWaiting"] = false,
        ["default"] = standard,
        ["setBy"] = setBy,
        ["isSecret"] = value is null,
        ["isLive"] = true,
        ["meaning"] = "what it is for",
    };
}
