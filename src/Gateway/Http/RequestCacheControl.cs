using Microsoft.Extensions.Primitives;

namespace Gateway.Http;

/// <summary>What a request's <c>Cache-Control</c> says of where an answer may come from (RFC 9111 §5.2.1).</summary>
/// <param name="NoCache">What is kept here must not be used unasked: from the rain.</param>
/// <param name="OnlyIfCached">Nothing may be asked: from here, or 504.</param>
internal readonly record struct RequestCacheControl(bool NoCache, bool OnlyIfCached)
{
    public static RequestCacheControl Read(IHeaderDictionary headers)
    {
        var field = headers.CacheControl;

        // §5.4: Pragma counts where there is no Cache-Control.
        return field.Count == 0
            ? new(Has(headers.Pragma, "no-cache"), false)
            : new(Has(field, "no-cache"), Has(field, "only-if-cached"));
    }

    private static bool Has(StringValues field, string directive) =>
        field.Any(line => line is not null
            && line.Split(',', StringSplitOptions.TrimEntries).Any(item => item.Equals(directive, StringComparison.OrdinalIgnoreCase)));
}
