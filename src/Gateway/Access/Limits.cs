using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Gateway.Configuration;
using Gateway.Http;

namespace Gateway.Access;

/// <summary>Limits of requests: in work at once (503), and a second of one client address (429), neither of which is on by default; and
/// of streams of events, which last as long as their pages are open and are counted by themselves (503). A limit is part of the key under
/// which its permits are counted, so that one that is changed begins anew, and the old one is forgotten.</summary>
internal static class Limits
{
    /// <summary>Marks endpoints that stream until their client goes.</summary>
    private sealed class Stream;

    private enum Kind
    {
        Free,
        Request,
        Stream,
    }

    /// <summary>Counts the requests of an endpoint as streams.</summary>
    public static TBuilder LimitAsStream<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Stream());

    public static void AddRequestLimits(this IServiceCollection services) =>
        services.AddRateLimiter(limiter =>
        {
            limiter.GlobalLimiter = new WhereSet(PartitionedRateLimiter.CreateChained(
                PartitionedRateLimiter.Create<HttpContext, (IPAddress, int)>(ByAddress),
                PartitionedRateLimiter.Create<HttpContext, (Kind, int)>(AtOnce)));
            limiter.OnRejected = (rejected, _) =>
            {
                // Only the limit by address knows when the next token comes.
                var options = OptionsOf(rejected.HttpContext);
                var isByAddress = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter);
                var seconds = Math.Max(1, Math.Ceiling(retryAfter.TotalSeconds));
                rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                var problem = isByAddress
                    ? new Problem(
                        ProblemType.TooManyRequests,
                        $"More than {options.MaxRequestsPerSecond} requests a second of one address (Gateway:MaxRequestsPerSecond).")
                    : IsStream(rejected.HttpContext)
                    ? new Problem(
                        ProblemType.Overloaded, $"{options.MaxEventStreams} streams of events are open (Gateway:MaxEventStreams).")
                    : new Problem(
                        ProblemType.Overloaded, $"{options.MaxConcurrentRequests} requests are in work (Gateway:MaxConcurrentRequests).");
                return new ValueTask(problem.ExecuteAsync(rejected.HttpContext));
            };
        });

    /// <summary>Whoever looks after the gateway gets in when it is full.</summary>
    public static bool IsOperational(PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments("/metrics");

    private static RateLimitPartition<(IPAddress, int)> ByAddress(HttpContext http)
    {
        var limit = OptionsOf(http).MaxRequestsPerSecond;
        var key = (http.Connection.RemoteIpAddress ?? IPAddress.None, limit);
        return limit == 0
            ? RateLimitPartition.GetNoLimiter((IPAddress.None, 0))
            : RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = limit,
                TokensPerPeriod = limit,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            });
    }

    private static RateLimitPartition<(Kind, int)> AtOnce(HttpContext http)
    {
        var kind = IsOperational(http.Request.Path) ? Kind.Free : IsStream(http) ? Kind.Stream : Kind.Request;
        var limit = kind == Kind.Stream ? OptionsOf(http).MaxEventStreams : OptionsOf(http).MaxConcurrentRequests;
        return limit == 0 || kind == Kind.Free ? RateLimitPartition.GetNoLimiter((Kind.Free, 0))
            : RateLimitPartition.GetConcurrencyLimiter((kind, limit), _ => new ConcurrencyLimiterOptions { PermitLimit = limit });
    }

    private static bool IsStream(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<Stream>() is not null;

    private static GatewayOptions OptionsOf(HttpContext http) => http.RequestServices.GetRequiredService<CurrentSettings>().Value.Gateway;

    /// <summary>Asks the limiters only when a limit is set: each takes a lock that all requests share.</summary>
    private sealed class WhereSet : PartitionedRateLimiter<HttpContext>
    {
        private readonly PartitionedRateLimiter<HttpContext> _inner;

        public WhereSet(PartitionedRateLimiter<HttpContext> inner) => _inner = inner;

        public override RateLimiterStatistics? GetStatistics(HttpContext resource) => _inner.GetStatistics(resource);

        protected override RateLimitLease AttemptAcquireCore(HttpContext resource, int permitCount) =>
            IsAnySet(resource) ? _inner.AttemptAcquire(resource, permitCount) : Free.Instance;

        protected override ValueTask<RateLimitLease> AcquireAsyncCore(
            HttpContext resource, int permitCount, CancellationToken cancellationToken) =>
            IsAnySet(resource)
                ? _inner.AcquireAsync(resource, permitCount, cancellationToken)
                : new ValueTask<RateLimitLease>(Free.Instance);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private static bool IsAnySet(HttpContext http) =>
            OptionsOf(http) is { MaxRequestsPerSecond: > 0 } or { MaxConcurrentRequests: > 0 } || IsStream(http);

        private sealed class Free : RateLimitLease
        {
            public static readonly Free Instance = new();

            public override bool IsAcquired => true;

            public override IEnumerable<string> MetadataNames => [];

            public override bool TryGetMetadata(string metadataName, out object? metadata)
            {
                metadata = null;
                return false;
            }
        }
    }
}
