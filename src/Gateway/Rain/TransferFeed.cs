using Gateway.Hosting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using MurkyWaters;

namespace Gateway.Rain;

/// <summary>The fetches as events, four looks a second, which are smooth enough to watch and cheap.</summary>
internal sealed class TransferFeed(NodeHost host, IOptions<JsonOptions> json, ILogger<TransferFeed> logger)
    : EventFeed(host, json.Value.SerializerOptions, TimeSpan.FromMilliseconds(250), logger)
{
    /// <summary>The oldest first.</summary>
    protected override List<Watched> Read(MurkyNode node) =>
    [
        .. node.Transfers.OrderBy(transfer => transfer.Id).Select(TransferView.Of)
            .Select(transfer => new Watched("transfer", transfer.Id, transfer, transfer.IsRunning ? null : transfer.State)),
    ];
}
