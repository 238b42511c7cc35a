using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;
using Gateway.Configuration;
using Gateway.Http;

namespace Gateway.Access;

/// <summary>Limits of requests: in work at once (503), and a second of one client address (429). Neither is on by default.</summary>
internal static class Limits
{
    public static void AddRequestLimits(this IServiceCollection services, GatewayOptions options) =>
        services.AddRateLimiter(limiter =>
        {
            var limiters = new List<PartitionedRateLimiter<HttpContext>>();
            if (options.MaxRequestsPerSecond > 0)
            {
                limiters.Add(PartitionedRateLimiter.Create<HttpContext, IPAddress>(http => RateLimitPartition.GetTokenBucketLimiter(
                    http.Connection.RemoteIpAddress ?? IPAddress.None,
                    _ => new TokenBucketRateLimiterOptions
                    {
                        TokenLimit = options.MaxRequestsPerSecond,
                        TokensPerPeriod = options.MaxRequestsPerSecond,
                        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                    })));
            }

            if (options.MaxConcurrentRequests > 0)
            {
                limiters.Add(PartitionedRateLimiter.Create<HttpContext, bool>(http => IsOperational(http)
                    ? RateLimitPartition.GetNoLimiter(true)
                    : RateLimitPartition.GetConcurrencyLimiter(false, _ => new ConcurrencyLimiterOptions { PermitLimit = options.MaxConcurrentRequests })));
            }

            limiter.GlobalLimiter = limiters.Count > 0 ? PartitionedRateLimiter.CreateChained([.. limiters]) : null;
            limiter.OnRejected = (rejected, _) =>
            {
                // Only the limit by address knows when the next token comes.
                var isByAddress = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter);
                var seconds = Math.Max(1, Math.Ceiling(retryAfter.TotalSeconds));
                rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                var problem = isByAddress
                    ? new Problem(
                        ProblemType.TooManyRequests,
                        $"More than {options.MaxRequestsPerSecond} requests a second of one address (Gateway:MaxRequestsPerSecond).")
                    : new Problem(ProblemType.Overloaded, $"{options.MaxConcurrentRequests} requests are in work (Gateway:MaxConcurrentRequests).");
                return new ValueTask(problem.ExecuteAsync(rejected.HttpContext));
            };
        });

    /// <summary>Whoever looks after the gateway gets in when it is full.</summary>
    private static bool IsOperational(HttpContext http) => http.Request.Path.StartsWithSegments("/health") || http.Request.Path.StartsWithSegments("/metrics");
}
