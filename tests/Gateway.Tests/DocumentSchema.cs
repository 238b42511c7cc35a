using System.Text.Json;

namespace Gateway.Tests;

/// <summary>Holds JSON against the schemas of the OpenAPI document: types, required properties and no others.</summary>
internal static class DocumentSchema
{
    /// <summary>What a reference refers to; anything else is itself.</summary>
    public static JsonElement Follow(JsonElement document, JsonElement element) => element.TryGetProperty("$ref", out var reference)
        ? reference.GetString()!.Split('/').Skip(1).Aggregate(document, (at, name) => at.GetProperty(name))
        : element;

    /// <summary>The first thing that does not fit; null when all does.</summary>
    public static string? FindMisfit(JsonElement document, JsonElement schema, JsonElement value, string what)
    {
        schema = Follow(document, schema);
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            var misfits = choices.EnumerateArray().Select(choice => FindMisfit(document, choice, value, what)).ToList();
            return misfits.Contains(null) ? null : string.Join("; and ", misfits);
        }

        var types = schema.GetProperty("type") is { ValueKind: JsonValueKind.Array } several
            ? several.EnumerateArray().Select(one => one.GetString()).ToArray()
            : [schema.GetProperty("type").GetString()];
        var type = value.ValueKind switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Null => "null",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            _ => types.Contains("integer") && value.TryGetInt64(out _) ? "integer" : "number",
        };
        return !types.Contains(type) ? $"{what}: {value.GetRawText()} is no {string.Join(" or ", types)}"
            : type == "array"
                ? value.EnumerateArray().Select(item => FindMisfit(document, schema.GetProperty("items"), item, what))
                    .FirstOrDefault(misfit => misfit is not null)
            : type == "object" ? FindMisfitOfObject(document, schema, value, what)
            : null;
    }

    private static string? FindMisfitOfObject(JsonElement document, JsonElement schema, JsonElement value, string what)
    {
        var properties = schema.GetProperty("properties");
        foreach (var property in value.EnumerateObject())
        {
            if (!properties.TryGetProperty(property.Name, out var known))
            {
                return $"{what}: {property.Name} is not in the schema";
            }

            if (FindMisfit(document, known, property.Value, $"{what}: {property.Name}") is { } misfit)
            {
                return misfit;
            }
        }

        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()!) : [];
        return required.FirstOrDefault(name => !value.TryGetProperty(name, out _)) is { } missing ? $"{what}: {missing} is missing" : null;
    }
}
