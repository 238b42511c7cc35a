using Gateway.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Gateway.Operations.Document;

/// <summary>The OpenAPI document and its page. It follows from the endpoints: their signatures, what they declare and their handlers' XML
/// comments. Transformers add what the framework has no words for.</summary>
internal static class ApiDocument
{
    public static void AddApiDocument(this IServiceCollection services) =>
        services.AddOpenApi(options =>
        {
            options.CreateSchemaReferenceId = type => type.Type == typeof(Problem.Document)
                ? ProblemAnswers.Schema
                : OpenApiOptions.CreateDefaultSchemaReferenceId(type);

            // HEAD beside GET of what answers with JSON is there and says nothing more.
            options.ShouldInclude = api => !HttpMethods.IsHead(api.HttpMethod ?? "")
                || api.ActionDescriptor.EndpointMetadata.OfType<IHttpMethodMetadata>().All(methods => methods.HttpMethods.Count == 1);
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo
                {
                    Title = "Pouring Rain",
                    Version = "1",
                    Description = Introduction,
                    License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
                };

                // The address that the reader used is right; a full one would only be that of whoever asked first.
                document.Servers = [new OpenApiServer { Url = "/", Description = "The gateway that this document came from." }];
                document.Tags = Tags.Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }).ToHashSet();
                return Task.CompletedTask;
            });
            options.AddDocumentTransformer(ProblemAnswers.AddExamplesAsync);
            options.AddDocumentTransformer(NullableMeanings.LiftAsync);
            options.AddDocumentTransformer(KeyScheme.DeclareAsync);
            options.AddOperationTransformer(ParameterExamples.CompleteAsync);
            options.AddOperationTransformer(ByteBodies.CompleteAsync);
            options.AddOperationTransformer(SecondBodies.CompleteAsync);
            options.AddOperationTransformer(ProblemAnswers.CompleteAsync);
            options.AddOperationTransformer(AnswerFields.CompleteAsync);
            options.AddOperationTransformer(KeyScheme.CompleteAsync);
            options.AddOperationTransformer(RunningText.JoinLinesAsync);
            options.AddSchemaTransformer(RunningText.JoinLinesAsync);
        });

    /// <summary>Maps the page that shows the document.</summary>
    public static void UseApiPage(this WebApplication app) =>
        app.UseWhen(http => http.Request.Path.StartsWithSegments("/swagger"), paths => paths.UseSwaggerUI(page =>
        {
            page.RoutePrefix = "swagger";
            page.SwaggerEndpoint("/openapi/v1.json", "Pouring Rain");
            page.DocumentTitle = "Pouring Rain API";
            page.DisplayRequestDuration();
        }));

    private const string Introduction =
        """
        An HTTP gateway in front of a cloud of rain servers: a `GET` makes every server that has the resource rain coded datagrams on this
        node, and the bytes stream out as they are decoded and verified; a `PUT` gives it something new to rain.

        **To try it:** open *PUT /resources/{id}*, press *Try it out*, choose a file, *Execute*; then *GET /resources/{id}*.

        - Ids are unsigned 64-bit numbers, decimal or hexadecimal after `0x`. In JSON they are strings, because browsers round such numbers.
        - Errors are problem documents (RFC 9457); their `type` is a path that tells more, and `retryable` says whether to try again.
          A browser that asks for `text/html` gets a small page instead.
        - A big upload can be sent in pieces that outlast a broken connection: `PUT` with `Upload-Complete: ?0`, then
          `PATCH /uploads/{token}`.
        - Where the operator has set `Gateway:Keys`, writes need a key (*Authorize*), and reads too with `Gateway:ProtectReads`.
        """;

    private static readonly (string Name, string Description)[] Tags =
    [
        ("Resources", "Bytes under 64-bit ids: upload, download, list, delete."),
        ("Rain", "What rains: the servers asked, the receivers rained on, the fetches as they run."),
        ("Cluster", "The nodes that keep resources together: who is there, what could be lost, and giving a node's copies to others."),
        ("Deployments", "A resource for many nodes at once: in waves, with a receipt of each."),
        ("Data node", "For nodes of the cluster alone: blocks, and programs over them and over each other's streams."),
        ("Operations", "Health, metrics, and what errors mean."),
        ("2012", "The paths of the 2012 front, which still do what they did."),
    ];
}
