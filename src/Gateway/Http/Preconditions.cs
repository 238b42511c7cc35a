using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using PouringRain.Protocol;

namespace Gateway.Http;

/// <summary>Conditional requests (RFC 9110 §13) against a version of a resource, in the order of §13.2.2.</summary>
internal static class Preconditions
{
    /// <summary>What the conditions come to.</summary>
    public enum Outcome
    {
        /// <summary>The method is to be performed.</summary>
        Proceed,

        /// <summary>304.</summary>
        NotModified,

        /// <summary>412.</summary>
        Failed,
    }

    /// <summary>The strong entity tag of a version, with its quotes.</summary>
    public static string EntityTagOf(Manifest manifest) => $"\"{manifest.Version}\"";

    /// <summary>When a version was made, in whole seconds, which is all that HTTP's dates can say. A stamp by a clock ahead of this one
    /// is told as now (RFC 9110 §8.8.2.1).</summary>
    public static DateTimeOffset LastModifiedOf(Manifest manifest, DateTimeOffset now) => Min(SecondOf(manifest), SecondOf(now));

    /// <summary>Whether a request has conditions that decide about its being performed.</summary>
    public static bool AreAnyIn(IHeaderDictionary headers) =>
        headers.IfMatch.Count + headers.IfNoneMatch.Count + headers.IfModifiedSince.Count + headers.IfUnmodifiedSince.Count > 0;

    /// <summary>Evaluates them.</summary>
    /// <param name="headers">The request's.</param>
    /// <param name="isRead">Whether the method is GET or HEAD.</param>
    /// <param name="current">The version there is, or null.</param>
    /// <param name="now">The time.</param>
    public static Outcome Evaluate(IHeaderDictionary headers, bool isRead, Manifest? current, DateTimeOffset now)
    {
        if (headers.IfMatch.Count > 0)
        {
            if (!Matches(headers.IfMatch, current, useStrongComparison: true))
            {
                return Outcome.Failed;
            }
        }
        else if (current is not null && TryReadDate(headers.IfUnmodifiedSince, out var unmodifiedSince)
            && !(SecondOf(current) < unmodifiedSince || IsDateOf(current, unmodifiedSince, now)))
        {
            return Outcome.Failed;
        }

        if (headers.IfNoneMatch.Count > 0)
        {
            if (Matches(headers.IfNoneMatch, current, useStrongComparison: false))
            {
                return isRead ? Outcome.NotModified : Outcome.Failed;
            }
        }
        else if (isRead && current is not null && TryReadDate(headers.IfModifiedSince, out var modifiedSince)
            && SecondOf(current) <= modifiedSince && IsDateStrong(current, now))
        {
            return Outcome.NotModified;
        }

        return Outcome.Proceed;
    }

    /// <summary>Whether <c>If-Range</c> permits a partial answer: it is absent, or names this version by its strong tag or its exact date,
    /// where that is strong.</summary>
    public static bool PermitRange(IHeaderDictionary headers, Manifest current, DateTimeOffset now)
    {
        if (headers.IfRange.Count == 0)
        {
            return true;
        }

        return headers.IfRange.Count == 1 && (EntityTagHeaderValue.TryParse(headers.IfRange[0], out var tag)
            ? tag.Compare(TagOf(current), useStrongComparison: true)
            : TryReadDate(headers.IfRange, out var date) && IsDateOf(current, date, now));
    }

    private static bool IsDateOf(Manifest manifest, DateTimeOffset date, DateTimeOffset now) => SecondOf(manifest) == date
        && IsDateStrong(manifest, now);

    /// <summary>Whether the date stands for this version alone (RFC 9110 §8.8.2.2): no other had or can still have the same second. A date
    /// in the future, told as now, thus is nobody's.</summary>
    private static bool IsDateStrong(Manifest manifest, DateTimeOffset now) => !manifest.IsDateWeak && SecondOf(manifest) < SecondOf(now);

    private static DateTimeOffset SecondOf(Manifest manifest) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.DivRem(manifest.Stamp, 1000).Quotient);

    private static DateTimeOffset SecondOf(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

    private static DateTimeOffset Min(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    /// <summary>A list that cannot be read matches nothing.</summary>
    private static bool Matches(StringValues field, Manifest? current, bool useStrongComparison) =>
        current is not null
        && EntityTagHeaderValue.TryParseList(field.ToArray()!, out var tags)
        && tags.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(TagOf(current), useStrongComparison));

    private static EntityTagHeaderValue TagOf(Manifest manifest) => new(EntityTagOf(manifest));

    /// <summary>A field that is no valid date is to be ignored (§13.1.3, §13.1.4).</summary>
    private static bool TryReadDate(StringValues field, out DateTimeOffset date)
    {
        date = default;
        return field.Count == 1 && HeaderUtilities.TryParseDate(field[0], out date);
    }
}
