using Gateway.Hosting;
using Gateway.Rain;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using MurkyWaters;

namespace Gateway.Deployments;

/// <summary>The deployments as events, and each of their receivers as one of its own, two looks a second: of a thousand receivers it is
/// told which have changed.</summary>
internal sealed class DeploymentFeed(NodeHost host, IOptions<JsonOptions> json, ILogger<DeploymentFeed> logger)
    : EventFeed(host, json.Value.SerializerOptions, TimeSpan.FromMilliseconds(500), logger)
{
    /// <summary>The oldest first, each before its receivers.</summary>
    protected override List<Watched> Read(MurkyNode node)
    {
        var all = new List<Watched>();
        foreach (var deployment in node.Deployments.Reverse())
        {
            var view = DeploymentView.Of(deployment, hasReceivers: false);
            all.Add(new Watched("deployment", view.Id, view, (view.State, view.Wave, view.Counts, view.Runner)));
            foreach (var row in deployment.Receivers)
            {
                var receiver = ReceiverView.Of(row, deployment.Plan.Sha256);
                all.Add(new Watched("receiver", $"{view.Id} {receiver.Node}", new ReceiverEvent(view.Id, receiver), receiver));
            }
        }

        return all;
    }
}
