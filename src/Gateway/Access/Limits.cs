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

    public static void AddRequestLimits(this IServiceCollection services) => services.AddSingleton<Limiter>();

    public static void UseRequestLimits(this WebApplication app) => app.Use(app.Services.GetRequiredService<Limiter>().LimitAsync);

    /// <summary>Whoever looks after the gateway gets in when it is full.</summary>
    public static bool IsOperational(PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments("/metrics");

    private static bool IsStream(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<Stream>() is not null;

    /// <summary>Asks the limits that are set, each of which takes a lock that all requests share. The framework's own middleware is not
    /// used: it and every limit that is made wake ten times a second for as long as they live, so none is made before its use.</summary>
    private sealed class Limiter : IDisposable
    {
        private readonly CurrentSettings _settings;
        private readonly Lazy<PartitionedRateLimiter<HttpContext>> _byAddress, _atOnce;

        public Limiter(CurrentSettings settings)
        {
            _settings = settings;
            _byAddress = new(() => PartitionedRateLimiter.Create<HttpContext, (IPAddress, int)>(ByAddress));
            _atOnce = new(() => PartitionedRateLimiter.Create<HttpContext, (Kind, int)>(AtOnce));
        }

        private GatewayOptions Options => _settings.Value.Gateway;

        public async Task LimitAsync(HttpContext http, RequestDelegate next)
        {
            var options = Options;
            using var byAddress = options.MaxRequestsPerSecond > 0 ? _byAddress.Value.AttemptAcquire(http) : null;
            if (byAddress is { IsAcquired: false })
            {
                await RefuseAsync(http, byAddress, new Problem(
                    ProblemType.TooManyRequests,
                    $"More than {options.MaxRequestsPerSecond} requests a second of one address (Gateway:MaxRequestsPerSecond)."));
                return;
            }

            using var atOnce = options.MaxConcurrentRequests > 0 || IsStream(http) ? _atOnce.Value.AttemptAcquire(http) : null;
            if (atOnce is { IsAcquired: false })
            {
                await RefuseAsync(http, atOnce, new Problem(
                    ProblemType.Overloaded,
                    IsStream(http)
                        ? $"{options.MaxEventStreams} streams of events are open (Gateway:MaxEventStreams)."
                        : $"{options.MaxConcurrentRequests} requests are in work (Gateway:MaxConcurrentRequests)."));
                return;
            }

            await next(http);
        }

        public void Dispose()
        {
            foreach (var limit in (Lazy<PartitionedRateLimiter<HttpContext>>[])[_byAddress, _atOnce])
            {
                if (limit.IsValueCreated)
                {
                    limit.Value.Dispose();
                }
            }
        }

        /// <summary>Only the limit by address knows when the next token comes.</summary>
        private static Task RefuseAsync(HttpContext http, RateLimitLease lease, Problem problem)
        {
            var seconds = Math.Max(1, Math.Ceiling(lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after.TotalSeconds : 0));
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            return problem.ExecuteAsync(http);
        }

        private RateLimitPartition<(IPAddress, int)> ByAddress(HttpContext http)
        {
            var limit = Options.MaxRequestsPerSecond;
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

        private RateLimitPartition<(Kind, int)> AtOnce(HttpContext http)
        {
            var kind = IsOperational(http.Request.Path) ? Kind.Free : IsStream(http) ? Kind.Stream : Kind.Request;
            var limit = kind == Kind.Stream ? Options.MaxEventStreams : Options.MaxConcurrentRequests;
            return limit == 0 || kind == Kind.Free ? RateLimitPartition.GetNoLimiter((Kind.Free, 0))
                : RateLimitPartition.GetConcurrencyLimiter((kind, limit), _ => new ConcurrencyLimiterOptions { PermitLimit = limit });
        }
    }
}
