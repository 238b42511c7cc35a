using System.Collections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Gateway.Tests;

/// <summary>Runs the gateway's own program, from its arguments on, on real sockets, with the settings file of a folder.</summary>
internal sealed class GatewayFactory : WebApplicationFactory<Program>
{
    private readonly string _folder;
    private readonly Action<IServiceCollection>? _configure;

    static GatewayFactory()
    {
        // What this machine says to programs would come to the gateway as arguments.
        foreach (var name in Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => (string)variable.Key)
            .Where(name => name.StartsWith("ASPNETCORE_", StringComparison.Ordinal)))
        {
            Environment.SetEnvironmentVariable(name, null);
        }
    }

    /// <param name="folder">Where its appsettings.json is.</param>
    /// <param name="configure">Puts services in place of others.</param>
    public GatewayFactory(string folder, Action<IServiceCollection>? configure)
    {
        _folder = folder;
        _configure = configure;

        // Where it listens is for the settings to say.
        UseKestrel(_ => { });
    }

    /// <summary>The first address that it listens at.</summary>
    public Uri Address => new(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Starts it; what keeps it from starting is thrown.</summary>
    public Task StartAsync() => Task.Run(StartServer);

    /// <summary>Asks it to end, as a signal does, and waits until it has.</summary>
    public Task StopAsync() => ProgramHost.StopAsync(Services.GetRequiredService<IHostApplicationLifetime>());

    /// <inheritdoc/>
    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment(Environments.Production);
        builder.UseSetting(WebHostDefaults.ContentRootKey, _folder);
        if (_configure is not null)
        {
            builder.ConfigureTestServices(_configure);
        }
    }

    /// <inheritdoc/>
    protected override IHost CreateHost(IHostBuilder builder) => new ProgramHost(base.CreateHost(builder));

    /// <summary>The host, which the program itself stops and disposes once it is asked to end: nobody else does.</summary>
    private sealed class ProgramHost(IHost host) : IHost
    {
        public IServiceProvider Services { get; } = host.Services;

        private IHostApplicationLifetime Lifetime { get; } = host.Services.GetRequiredService<IHostApplicationLifetime>();

        public static async Task StopAsync(IHostApplicationLifetime lifetime)
        {
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = lifetime.ApplicationStopped.Register(ended.SetResult);
            lifetime.StopApplication();
            await ended.Task;
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken = default) => StopAsync(Lifetime);

        public void Dispose()
        {
        }
    }
}
