using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Gateway.Http;
using MurkyWaters;
using PouringRain.Protocol;

namespace Gateway.Resources;

/// <summary>Reads what a list is asked with, and writes where its next page begins: the last id, and in other orders than that of ids,
/// behind a dot, what it was ordered by in base64url; a star at the end where a search is through with names.</summary>
internal static class ListRequest
{
    /// <summary>Items of a page at most.</summary>
    public const int PageItemsMax = 1000;

    private const int PageItems = 100;

    private const string BehindNames = "*";

    /// <summary>Characters of a search at most.</summary>
    private const int SearchLengthMax = 1000;

    /// <summary>Reads the query; false with what to answer when it is wrong.</summary>
    public static bool TryRead(
        IQueryCollection query, [NotNullWhen(true)] out ResourceQuery? wanted, [NotNullWhen(false)] out Problem? problem)
    {
        wanted = null;
        var (after, limit, search) = ((string?)query["after"], (string?)query["limit"], (string?)query["search"]);
        ResourceSort? sort = (string?)query["sort"] switch
        {
            null or "id" => ResourceSort.Id,
            "name" => ResourceSort.Name,
            "length" => ResourceSort.Length,
            "modified" => ResourceSort.Modified,
            "type" => ResourceSort.Type,
            _ => null,
        };
        bool? isDescending = (string?)query["order"] switch { null or "asc" => false, "desc" => true, _ => null };
        ResourcePlace? place = null;
        var count = PageItems;
        if (sort is null)
        {
            problem = new Problem(
                ProblemType.InvalidParameter, $"sort={query["sort"]} is wrong: id, name, length, modified or type is wanted.");
        }
        else if (isDescending is null)
        {
            problem = new Problem(ProblemType.InvalidParameter, $"order={query["order"]} is wrong: asc or desc is wanted.");
        }
        else if (after is not null
            && (!TryReadPlace(after, sort.Value, out place) || (place.IsBehindNames && string.IsNullOrWhiteSpace(search))))
        {
            problem = Problem.InvalidResourceId(after);
        }
        else if (limit is not null
            && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > PageItemsMax))
        {
            problem = new Problem(
                ProblemType.InvalidParameter, $"limit={limit} is wrong: a whole number from 1 to {PageItemsMax} is wanted.");
        }
        else if (search is { Length: > SearchLengthMax })
        {
            problem = new Problem(
                ProblemType.InvalidParameter, $"search= has {search.Length} characters: {SearchLengthMax} at most are wanted.");
        }
        else
        {
            problem = null;
            wanted = new ResourceQuery
            {
                After = place,
                Limit = count,
                Sort = sort.Value,
                IsDescending = isDescending.Value,
                Search = search,
            };
        }

        return problem is null;
    }

    /// <summary>What <c>next</c> says.</summary>
    public static string? Write(ResourcePlace? place) =>
        place is null ? null
            : $"{place.Id}{(place.Key.Length == 0 ? "" : $".{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(place.Key))}")}"
                + (place.IsBehindNames ? BehindNames : "");

    private static bool TryReadPlace(string text, ResourceSort sort, [NotNullWhen(true)] out ResourcePlace? place)
    {
        place = null;
        var isBehindNames = text.EndsWith(BehindNames, StringComparison.Ordinal);
        var parts = (isBehindNames ? text[..^BehindNames.Length] : text).Split('.');
        if (!ResourceId.TryParse(parts[0], out var id) || parts.Length != (sort == ResourceSort.Id ? 1 : 2))
        {
            return false;
        }

        var key = "";
        if (parts.Length == 2)
        {
            if (parts[1].Length == 0 || !Base64Url.IsValid(parts[1]))
            {
                return false;
            }

            key = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]));
        }

        place = new ResourcePlace(id, key, isBehindNames);
        return sort is not (ResourceSort.Length or ResourceSort.Modified) || long.TryParse(key, CultureInfo.InvariantCulture, out _);
    }
}
