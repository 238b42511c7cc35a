using Gateway.Access;
using Gateway.Configuration;
using Gateway.Hosting;
using Gateway.Http;
using Microsoft.AspNetCore.Connections.Features;
using MurkyWaters;

namespace Gateway.Operations;

/// <summary>Whether the disk of a node is full; tests say so of one that is not.</summary>
internal delegate bool DiskFullProbe(MurkyNode node);

/// <summary>Whether the gateway takes work, and why not.</summary>
internal sealed class Readiness
{
    private readonly NodeHost _host;
    private readonly RunningRequests _requests;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly DiskFullProbe _isDiskFull;
    private readonly GatewaySettings _settings;

    public Readiness(
        NodeHost host, RunningRequests requests, IHostApplicationLifetime lifetime, DiskFullProbe isDiskFull, GatewaySettings settings)
    {
        _host = host;
        _requests = requests;
        _lifetime = lifetime;
        _isDiskFull = isDiskFull;
        _settings = settings;
    }

    private bool IsDraining => _lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>Why it takes no work; empty when it does.</summary>
    public IReadOnlyList<string> FindReasons()
    {
        var reasons = new List<string>();
        if (IsDraining)
        {
            reasons.Add("draining: running responses are finished, new requests should go elsewhere");
        }

        if (!_host.IsOpen)
        {
            reasons.Add("recovering: the store is being opened");
        }
        else if (_isDiskFull(_host.Node))
        {
            reasons.Add($"disk full: the disk of {_settings.Store.Path} has too little room left to take anything in");
        }
        else if (_host.Node.StoreTrouble is { } storeTrouble)
        {
            reasons.Add($"store read-only: {storeTrouble}");
        }
        else if (_host.Node.NetworkTrouble is { } trouble)
        {
            reasons.Add($"no network: the sockets that fetch from other nodes cannot be opened: {trouble}");
        }

        return reasons;
    }

    /// <summary>What it lacks while it takes work all the same.</summary>
    public IReadOnlyList<string> FindShortcomings() =>
        _host.IsOpen && _host.Node.RegistryStatus is { IsConnected: false } status
            ? [$"cut off from etcd: {status.Trouble}; nodes go on by what they knew and by what they hear from each other"]
            : [];

    /// <summary>Lets requests that need the node pass while it is there, and refuses them with 503 before and after.</summary>
    public async Task GuardAsync(HttpContext http, RequestDelegate next)
    {
        if (!Keys.IsNodeNeeded(http))
        {
            await next(http);
            return;
        }

        // Counted before the look at whether it ends, so that the end waits for all that were let in.
        _requests.Enter();
        try
        {
            if (IsDraining)
            {
                http.Response.Headers.Connection = "close";
                await new Problem(
                    ProblemType.Unavailable, "The gateway is ending. Another one, or this one later, may answer.").ExecuteAsync(http);
            }
            else if (!_host.IsOpen)
            {
                await new Problem(ProblemType.Unavailable, "The gateway is starting: its store is being opened.").ExecuteAsync(http);
            }
            else
            {
                await next(http);
            }
        }
        finally
        {
            if (IsDraining)
            {
                // After the response, which for others than this one has begun without saying so.
                http.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            }

            _requests.Leave();
        }
    }
}
